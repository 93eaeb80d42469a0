/**
 * Where the board in memory keeps what must outlive its process: as much of a `BlobStore` (`store/`) as that takes, with
 * its promises. `put` is durable when it resolves, and whole.
 */
export interface DurableRecords {
  put(key: string, bytes: Uint8Array): Promise<void>;
  get(key: string): Promise<Uint8Array | undefined>;
  delete(key: string): Promise<void>;
  list(prefix: string): AsyncIterable<string>;
}

export function encodeJson(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}

export function decodeText(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
