import type { ChannelOptions } from '@grpc/grpc-js';
import type { ApiLimits } from './limits/index.js';

/** How grpc-js serves within these limits. */
export function serverOptions({
  messageBytesMax,
  streamsPerPrincipalMax,
  connectionAgeMs,
  connectionIdleMs,
}: ApiLimits): ChannelOptions {
  return {
    'grpc.max_receive_message_length': messageBytesMax,
    // Of one connection; a client may have several.
    'grpc.max_concurrent_streams': streamsPerPrincipalMax,
    'grpc.keepalive_time_ms': 30_000,
    'grpc.keepalive_timeout_ms': 20_000,
    'grpc.max_connection_age_ms': connectionAgeMs,
    'grpc.max_connection_idle_ms': connectionIdleMs,
    // Statistics of every connection and call, for a service that is not served.
    'grpc.enable_channelz': 0,
  };
}
