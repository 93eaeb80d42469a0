/** What a piece of a kept execution holds, by its first byte. Changed with `EXECUTION_FORMAT`. */
export const PIECE = { root: 0, programs: 1, hashes: 2, transactions: 3 } as const;

/** A piece: its kind, then what it holds. */
export function pieceOf(kind: number, ...contents: readonly Uint8Array[]): Buffer {
  return Buffer.concat([Uint8Array.of(kind), ...contents]);
}
