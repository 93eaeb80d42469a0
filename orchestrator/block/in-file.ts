import { EspalierError } from '../../common/index.js';

/** Puts the name of a file in front of a fault that is found in it. */
export function inFile<T>(path: string, run: () => T): T {
  try {
    return run();
  } catch (thrown) {
    const { code, message, remedy } = EspalierError.from(thrown);
    throw new EspalierError(code, `${path}: ${message}`, remedy === undefined ? {} : { remedy });
  }
}
