import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { EspalierError } from '../common/index.js';
import { BLOB_BYTES_MAX, type BlobStore } from './blob-store.js';
import { checkBlobSize, checkKey, checkPrefix, isKey } from './check-key.js';
import { isAbsent, s3Error } from './s3-error.js';
import { parseS3Url, type S3Place } from './s3-place.js';

export interface S3BlobStoreOptions {
  /** `s3://bucket/prefix`: see `S3_FORM`. */
  readonly url: string;
  /** How long one call may take, its retries included. Default 30 s: a largest blob over a slow line. */
  readonly timeoutMs?: number | undefined;
}

const TIMEOUT_MS_DEFAULT = 30_000;
const CONNECT_TIMEOUT_MS = 5_000;
/** Without a byte in either direction. */
const SILENCE_MS_MAX = 10_000;
/** Of one call, for what S3 asks to try again (503) and connections that break. Callers try again themselves. */
const ATTEMPTS_MAX = 3;
const SOCKETS_MAX = 50;
/** Servers that are not Amazon's have one region, and most call it so or do not care. */
const REGION_ELSEWHERE = 'us-east-1';
const NO_LOG = { debug() {}, info() {}, warn() {}, error() {}, trace() {} };

type CallOptions = { readonly abortSignal: AbortSignal };

/**
 * Objects of a bucket of S3, or of a server that speaks its protocol (MinIO), a blob each, under `<prefix>/<key>`.
 * Writes are durable and whole when S3 says so; its listings are in the order of the keys' bytes, which is ours.
 *
 * Credentials come from where the SDK looks for them: `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`, `AWS_PROFILE`
 * and `~/.aws`, the role of a container or machine. They need ListBucket on the bucket (without it S3 says of a missing
 * object that it is forbidden) and Get-, Put- and DeleteObject below the prefix.
 *
 * Failures reject with `store-unavailable` within `timeoutMs`; a `put` that was rejected so may have been carried out.
 */
export class S3BlobStore implements BlobStore {
  /** For messages. */
  readonly shown: string;
  readonly #place: S3Place;
  readonly #client: S3Client;
  readonly #timeoutMs: number;

  private constructor(place: S3Place, client: S3Client, timeoutMs: number) {
    this.shown = place.shown;
    this.#place = place;
    this.#client = client;
    this.#timeoutMs = timeoutMs;
  }

  /** Rejects with `usage` for a bad URL, and with `store-unavailable` and what to do for what `check` finds. */
  static async open({ url, timeoutMs }: S3BlobStoreOptions): Promise<S3BlobStore> {
    const place = parseS3Url(url);
    const store = new S3BlobStore(place, await createClient(place), timeoutMs ?? TIMEOUT_MS_DEFAULT);
    try {
      await store.check();
      return store;
    } catch (error) {
      store.close();
      throw error;
    }
  }

  /** Rejects unless the bucket is there and these credentials may list it. Whether they may write shows when they do. */
  async check(): Promise<void> {
    await this.#listPage('', undefined, 1);
  }

  async put(key: string, bytes: Uint8Array): Promise<void> {
    checkBlobSize(key, bytes.length);
    const command = new PutObjectCommand({ ...this.#objectOf(key), Body: bytes, ContentLength: bytes.length });
    await this.#do(`write ${key} in`, (options) => this.#client.send(command, options));
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    const command = new GetObjectCommand(this.#objectOf(key));
    return this.#do(`read ${key} in`, async (options) => {
      const answer = await unlessAbsent(this.#client.send(command, options));
      if (answer === undefined) return undefined;
      return readBody(answer.Body as AsyncIterable<Uint8Array>, `${key} in ${this.shown}`);
    });
  }

  /** Of a bucket that is gone it says the same as of a key that is: there is no reason in the answer. */
  async has(key: string): Promise<boolean> {
    const command = new HeadObjectCommand(this.#objectOf(key));
    const answer = await this.#do(`read ${key} in`, (options) => unlessAbsent(this.#client.send(command, options)));
    return answer !== undefined;
  }

  async delete(key: string): Promise<void> {
    const command = new DeleteObjectCommand(this.#objectOf(key));
    await this.#do(`delete ${key} in`, (options) => unlessAbsent(this.#client.send(command, options)));
  }

  async *list(prefix: string): AsyncIterable<string> {
    checkPrefix(prefix);
    let token: string | undefined;
    do {
      const page = await this.#listPage(prefix, token);
      for (const { Key = '' } of page.Contents ?? []) {
        const key = Key.slice(this.#place.prefix.length);
        // Consoles leave objects that stand for folders: `proofs/`.
        if (isKey(key)) yield key;
      }
      token = page.NextContinuationToken;
    } while (token !== undefined);
  }

  /** Ends all connections. Idempotent. */
  close(): void {
    this.#client.destroy();
  }

  #objectOf(key: string) {
    checkKey(key);
    return { Bucket: this.#place.bucket, Key: this.#place.prefix + key };
  }

  #listPage(prefix: string, token: string | undefined, keysMax?: number) {
    const command = new ListObjectsV2Command({
      Bucket: this.#place.bucket,
      Prefix: this.#place.prefix + prefix,
      ContinuationToken: token,
      MaxKeys: keysMax,
    });
    return this.#do('list', (options) => this.#client.send(command, options));
  }

  /** Ends what takes too long, wherever it hangs: looking for credentials heeds no signal. */
  async #do<T>(what: string, call: (options: CallOptions) => Promise<T>): Promise<T> {
    const giveUp = new AbortController();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => {
        reject(new Error(`no answer within ${this.#timeoutMs} ms`));
        giveUp.abort();
      }, this.#timeoutMs);
    });
    try {
      return await Promise.race([call({ abortSignal: giveUp.signal }), late]);
    } catch (error) {
      throw s3Error(what, this.#place, error);
    } finally {
      clearTimeout(timer);
    }
  }
}

async function createClient(place: S3Place): Promise<S3Client> {
  // Said once a process, of the version of Node, to people who can do nothing about it.
  Object.assign(process.env, { AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' });
  const create = (region: string | undefined) =>
    new S3Client({
      ...(region === undefined ? {} : { region }),
      ...(place.endpoint === undefined ? {} : { endpoint: place.endpoint }),
      forcePathStyle: place.pathStyle,
      maxAttempts: ATTEMPTS_MAX,
      // Asking first, as the SDK does with large bodies, takes a connection of its own each time, past the bound.
      expectContinueHeader: false,
      // Blobs carry checksums of their own, and not every server knows the newer ones of S3.
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
      requestHandler: {
        connectionTimeout: CONNECT_TIMEOUT_MS,
        socketTimeout: SILENCE_MS_MAX,
        httpAgent: { maxSockets: SOCKETS_MAX },
        httpsAgent: { maxSockets: SOCKETS_MAX },
        logger: NO_LOG,
      },
    });
  const client = create(place.region);
  if (place.region !== undefined || place.endpoint === undefined) return client;
  const isKnown = await client.config.region().then(
    () => true,
    () => false,
  );
  if (isKnown) return client;
  client.destroy();
  return create(REGION_ELSEWHERE);
}

async function unlessAbsent<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}

async function readBody(body: AsyncIterable<Uint8Array>, what: string): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > BLOB_BYTES_MAX) {
      throw new EspalierError('store-corrupt', `${what} has more than the ${BLOB_BYTES_MAX} bytes of a blob`);
    }
  }
  return new Uint8Array(Buffer.concat(chunks));
}
