import { type FileHandle, open } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { EspalierError } from '../../common/index.js';

export interface DownloadOptions {
  /** Tried in turn. */
  readonly urls: readonly string[];
  /** Bytes wanted, from the start of the file; the server may have more. */
  readonly bytes: number;
  /** Gets the bytes; what it already holds is kept and the rest is asked for. */
  readonly path: string;
  /** An attempt ends when nothing has come for this long. */
  readonly idleTimeoutMs: number;
  /** Attempts in all, whatever they achieved. Without any answer it is given up once each address was tried. */
  readonly attempts: number;
  /** Before the second attempt; doubles with each, up to 30 s. */
  readonly retryDelayMs: number;
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

const RETRY_DELAY_MAX_MS = 30_000;

/**
 * Downloads the first `bytes` of a file, going on where an attempt, or an earlier process, left off.
 *
 * @throws EspalierError `srs-missing` with the last failure when no attempt is left; `cancelled`.
 */
export async function downloadRange(options: DownloadOptions): Promise<void> {
  const file = await open(options.path, 'a+');
  try {
    const signal = options.signal ?? new AbortController().signal;
    let failure: unknown;
    let answered = false;
    const onAnswer = (): void => {
      answered = true;
    };
    for (let attempt = 0; attempt < options.attempts; attempt++) {
      const url = options.urls[attempt % options.urls.length] ?? '';
      try {
        if (attempt > 0) await sleep(retryDelayOf(attempt, options.retryDelayMs), undefined, { signal });
        await downloadOnce(url, file, signal, { ...options, onAnswer });
        return await file.sync();
      } catch (error) {
        if (signal.aborted) throw new EspalierError('cancelled', 'the download of the SRS was cancelled');
        // A full disk will not mend itself.
        const known = EspalierError.from(error);
        if (known.code === 'disk-full') throw known;
        failure = error;
        // There is no network: who waits for the fallback should not wait for half a minute.
        if (!answered && attempt + 1 >= options.urls.length) break;
      }
    }
    throw new EspalierError(
      'srs-missing',
      `the canonical SRS could not be downloaded from ${options.urls.join(' or ')}: ${reasonOf(failure)}`,
      {
        cause: failure,
        remedy:
          'run `espalier srs fetch` with a network, name a folder that holds it with `--srs DIR`, or use `--srs dev`',
      },
    );
  } finally {
    await file.close();
  }
}

function retryDelayOf(attempt: number, firstMs: number): number {
  return Math.min(firstMs * 2 ** (attempt - 1), RETRY_DELAY_MAX_MS);
}

async function downloadOnce(
  url: string,
  file: FileHandle,
  signal: AbortSignal,
  options: DownloadOptions & { readonly onAnswer: () => void },
): Promise<void> {
  let have = (await file.stat()).size;
  if (have > options.bytes) {
    await file.truncate(options.bytes);
    have = options.bytes;
  }
  options.onProgress?.(have, options.bytes);
  if (have === options.bytes) return;
  const stop = new AbortController();
  const giveUp = (): void => stop.abort(new Error(`nothing came for ${options.idleTimeoutMs} ms`));
  const idle = setTimeout(giveUp, options.idleTimeoutMs);
  try {
    const headers = { Range: `bytes=${have}-${options.bytes - 1}` };
    const response = await fetch(url, { headers, signal: AbortSignal.any([stop.signal, signal]) });
    options.onAnswer();
    if (response.status !== 200 && response.status !== 206) throw new Error(`HTTP status ${response.status}`);
    // A server that knows no ranges sends everything again.
    let skip = response.status === 200 ? have : 0;
    for await (const chunk of response.body ?? []) {
      idle.refresh();
      const wanted = chunk.subarray(skip, skip + options.bytes - have);
      skip = Math.max(0, skip - chunk.length);
      await file.appendFile(wanted);
      have += wanted.length;
      options.onProgress?.(have, options.bytes);
      if (have === options.bytes) return;
    }
    throw new Error(`the file ended after ${have} of ${options.bytes} bytes`);
  } finally {
    clearTimeout(idle);
    stop.abort();
  }
}

/** `fetch` says only "fetch failed"; what happened is in its cause. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? reasonOf(error.cause) : error.message;
}
