import { EspalierError } from '../common/index.js';
import type { S3Place } from './s3-place.js';

/** Whether S3 said that there is no such key. A bucket that is gone is no reason to believe that its blobs are. */
export function isAbsent(thrown: unknown): boolean {
  return statusOf(thrown) === 404 && nameOf(thrown) !== 'NoSuchBucket';
}

/** What the SDK threw, as `store-unavailable` with what was said and what can be done about it. */
export function s3Error(what: string, place: S3Place, thrown: unknown): EspalierError {
  if (thrown instanceof EspalierError) return thrown;
  return new EspalierError('store-unavailable', `cannot ${what} ${place.shown}: ${reasonOf(thrown)}`, {
    cause: thrown,
    remedy: remedyFor(thrown, place),
  });
}

const BAD_CREDENTIALS = [
  'CredentialsProviderError',
  'ExpiredToken',
  'InvalidAccessKeyId',
  'InvalidToken',
  'SignatureDoesNotMatch',
  'TokenRefreshRequired',
];
const BAD_REGION = ['AuthorizationHeaderMalformed', 'IllegalLocationConstraintException', 'PermanentRedirect'];

function remedyFor(thrown: unknown, { bucket, prefix, region, endpoint, pathStyle }: S3Place): string {
  const name = nameOf(thrown);
  const status = statusOf(thrown);
  if (name === 'NoSuchBucket') return `create the bucket ${bucket}, or name another with --store`;
  if (BAD_CREDENTIALS.includes(name)) {
    return 'give valid credentials: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AWS_PROFILE, or the role of the machine';
  }
  if (BAD_REGION.includes(name) || status === 301 || messageOf(thrown).includes('Region is missing')) {
    return `give the bucket's own region with ?region= or AWS_REGION${region === undefined ? '' : `, not ${region}`}`;
  }
  if (name === 'RequestTimeTooSkewed') return "set this machine's clock";
  if (status === 403) {
    return `allow these credentials s3:ListBucket on ${bucket}, and s3:GetObject, s3:PutObject and s3:DeleteObject on ${bucket}/${prefix}*`;
  }
  // Few servers but Amazon's have a host name for each bucket.
  if (endpoint !== undefined && !pathStyle && /ENOTFOUND|EAI_AGAIN/.test(messageOf(thrown))) {
    return 'add pathStyle=true to the URL, or check that its endpoint is right';
  }
  return 'check that the server runs and can be reached from here';
}

/** One line. The SDK puts what it calls the error in its name, and what it knows of it, often nothing, in its message. */
function reasonOf(thrown: unknown): string {
  const name = nameOf(thrown);
  const message = messageOf(thrown);
  const said = message.includes(name) || name === 'Error' ? message : `${name}: ${message}`;
  return said.replace(/\s+/g, ' ').replace(/[:\s]+$/, '') || `HTTP ${statusOf(thrown) ?? 'failure'}`;
}

function messageOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  // A host with several addresses: one error for each, and none of its own.
  const { message } = thrown instanceof AggregateError && thrown.message === '' ? (thrown.errors[0] ?? thrown) : thrown;
  return message === '' || message === 'UnknownError' ? ((thrown as NodeJS.ErrnoException).code ?? '') : message;
}

function nameOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.name : '';
}

function statusOf(thrown: unknown): number | undefined {
  return (thrown as { $metadata?: { httpStatusCode?: number } } | undefined)?.$metadata?.httpStatusCode;
}
