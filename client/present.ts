import { EspalierError } from '../common/index.js';

/** Of an answer that must hold it. */
export function present<T>(value: T | undefined): T {
  if (value !== undefined) return value;
  throw new EspalierError('internal', 'the server answered with nothing', {
    remedy: 'is it an orchestrator of Espalier, and not older than this client?',
  });
}
