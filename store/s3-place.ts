import { EspalierError } from '../common/index.js';
import { isKeySegment } from './check-key.js';

/** What an `s3://` URL names. */
export interface S3Place {
  readonly bucket: string;
  /** Begins every key: empty, or ends with a slash. */
  readonly prefix: string;
  /** Of another server than Amazon's. */
  readonly endpoint: string | undefined;
  /** Left out, the SDK finds it (`AWS_REGION`, the shared configuration). */
  readonly region: string | undefined;
  /** `http://host/bucket/key` in place of `http://bucket.host/key`. */
  readonly pathStyle: boolean;
  /** For messages. */
  readonly shown: string;
}

export const S3_FORM = 's3://bucket/prefix[?endpoint=http://host:port][&region=…][&pathStyle=true]';

const BUCKET = /^[A-Za-z0-9][A-Za-z0-9._-]{1,62}$/;
const PREFIX_CHARS_MAX = 500;
const OPTIONS = ['endpoint', 'region', 'pathStyle'];

/** Rejects with `usage`, naming what is wrong. Credentials are never in it: it is shown, logged and kept by shells. */
export function parseS3Url(text: string): S3Place {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== 's3:') throw unusable('it is not an s3:// URL');
  if (url.username !== '' || url.password !== '') {
    // The URL is not shown: it may hold a secret.
    throw unusable('it holds credentials', 'give them as AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a profile');
  }
  if (url.port !== '' || !BUCKET.test(url.hostname)) throw unusable(`${JSON.stringify(url.host)} is no bucket's name`);
  const segments = url.pathname.split('/').filter((segment) => segment !== '');
  const prefix = segments.map((segment) => `${segment}/`).join('');
  const wrong = segments.find((segment) => !isKeySegment(segment));
  if (wrong !== undefined || prefix.length > PREFIX_CHARS_MAX) {
    throw unusable(`its prefix may hold letters, digits and . _ - only, ${PREFIX_CHARS_MAX} characters at most`);
  }
  const unknown = [...url.searchParams.keys()].find((name) => !OPTIONS.includes(name));
  if (unknown !== undefined) throw unusable(`it has no option ${JSON.stringify(unknown)}`);
  const endpoint = endpointOf(url.searchParams.get('endpoint'));
  return {
    bucket: url.hostname,
    prefix,
    endpoint,
    region: url.searchParams.get('region') || undefined,
    pathStyle: flagOf(url.searchParams.get('pathStyle')),
    shown: `s3://${url.hostname}/${prefix}`.replace(/\/$/, '') + (endpoint === undefined ? '' : ` at ${endpoint}`),
  };
}

function endpointOf(text: string | null): string | undefined {
  if (text === null) return undefined;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== 'http:' && url?.protocol !== 'https:') throw unusable('its endpoint is no http:// URL');
  if (url.username !== '' || url.password !== '') throw unusable('its endpoint holds credentials');
  return url.href.replace(/\/$/, '');
}

function flagOf(text: string | null): boolean {
  if (text !== null && text !== 'true' && text !== 'false') throw unusable('its pathStyle is neither true nor false');
  return text === 'true';
}

function unusable(why: string, remedy = `give it as ${S3_FORM}`): EspalierError {
  return new EspalierError('usage', `the S3 URL cannot be used: ${why}`, { remedy });
}
