import { credentials } from '@grpc/grpc-js';
import { wire } from '../../proto/index.js';

/** Asks an orchestrator's scaler at this address about workers of class `vm`, as KEDA does. */
export async function askScaler(address: string): Promise<void> {
  const client = new wire.keda.ExternalScalerClient(address, credentials.createInsecure());
  const ref = { name: 'worker', namespace: 'espalier', scalerMetadata: { class: 'vm' } };
  await new Promise<void>((resolve, reject) =>
    client.isActive(ref, (error) => (error === null ? resolve() : reject(error))),
  );
  client.close();
}
