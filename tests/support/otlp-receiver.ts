import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';

/** A span as it was sent. Times in milliseconds since the epoch. */
export interface SentSpan {
  readonly traceId: string;
  readonly spanId: string;
  /** '' for a root. */
  readonly parentId: string;
  readonly name: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly attributes: Readonly<Record<string, string | number | boolean>>;
  readonly events: readonly string[];
  readonly isError: boolean;
  /** `service.name` and `service.instance.id` of whoever sent it. */
  readonly service: string;
  readonly instance: string;
}

/** A backend for OTLP over HTTP that keeps the spans, and the names of the metrics, that it is sent. */
export class OtlpReceiver {
  readonly spans: SentSpan[] = [];
  readonly metrics = new Set<string>();
  readonly #server: Server;

  static async start(): Promise<OtlpReceiver> {
    const server = createServer();
    const receiver = new OtlpReceiver(server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return receiver;
  }

  private constructor(server: Server) {
    this.#server = server;
    server.on('request', async (request, response) => {
      const body = await bodyOf(request);
      if (request.url === '/v1/traces') this.spans.push(...spansOf(body));
      if (request.url === '/v1/metrics') for (const name of metricsOf(body)) this.metrics.add(name);
      response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end();
    });
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}

async function bodyOf(request: IncomingMessage): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks);
  return request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body;
}

// The messages of opentelemetry/proto, by the numbers of their fields.

/** The values of each field of a message: bytes, or numbers as they are on the wire. */
type Fields = ReadonlyMap<number, readonly (Uint8Array | bigint)[]>;

function fieldsOf(bytes: Uint8Array): Fields {
  const reader = new BinaryReader(bytes);
  const fields = new Map<number, (Uint8Array | bigint)[]>();
  while (reader.pos < reader.len) {
    const [number, type] = reader.tag();
    const value = readValue(reader, type, number);
    fields.set(number, [...(fields.get(number) ?? []), value]);
  }
  return fields;
}

function readValue(reader: BinaryReader, type: WireType, number: number): Uint8Array | bigint {
  if (type === WireType.LengthDelimited) return reader.bytes();
  if (type === WireType.Varint) return BigInt(reader.uint64());
  if (type === WireType.Bit64) return BigInt(reader.fixed64());
  if (type === WireType.Bit32) return BigInt(reader.fixed32());
  throw new Error(`field ${number} has the wire type ${type}`);
}

const messages = (fields: Fields, number: number) =>
  (fields.get(number) ?? []).map((bytes) => fieldsOf(bytes as Uint8Array));
const text = (fields: Fields, number: number) =>
  Buffer.from((fields.get(number)?.[0] ?? new Uint8Array()) as Uint8Array).toString();
const hex = (fields: Fields, number: number) =>
  Buffer.from((fields.get(number)?.[0] ?? new Uint8Array()) as Uint8Array).toString('hex');
const ms = (fields: Fields, number: number) => Number((fields.get(number)?.[0] ?? 0n) as bigint) / 1e6;

function attributesOf(fields: Fields, number: number): Record<string, string | number | boolean> {
  return Object.fromEntries(
    messages(fields, number).map((pair) => {
      const [value = new Map()] = messages(pair, 2);
      if (value.has(1)) return [text(pair, 1), text(value, 1)];
      if (value.has(2)) return [text(pair, 1), value.get(2)?.[0] === 1n];
      if (value.has(4)) return [text(pair, 1), doubleOf(value.get(4)?.[0] as bigint)];
      return [text(pair, 1), Number(value.get(3)?.[0] ?? 0n)];
    }),
  );
}

function doubleOf(bits: bigint): number {
  const view = new DataView(new ArrayBuffer(8));
  view.setBigUint64(0, bits);
  return view.getFloat64(0);
}

function spansOf(body: Uint8Array): SentSpan[] {
  return messages(fieldsOf(body), 1).flatMap((ofResource) => {
    const [resource = new Map()] = messages(ofResource, 1);
    const { 'service.name': service, 'service.instance.id': instance } = attributesOf(resource, 1);
    const spans = messages(ofResource, 2).flatMap((ofScope) => messages(ofScope, 2));
    return spans.map((span) => ({
      traceId: hex(span, 1),
      spanId: hex(span, 2),
      parentId: hex(span, 4),
      name: text(span, 5),
      startMs: ms(span, 7),
      endMs: ms(span, 8),
      attributes: attributesOf(span, 9),
      events: messages(span, 11).map((event) => text(event, 2)),
      isError: messages(span, 15).some((status) => status.get(3)?.[0] === 2n),
      service: String(service),
      instance: String(instance),
    }));
  });
}

function metricsOf(body: Uint8Array): string[] {
  const scopes = messages(fieldsOf(body), 1).flatMap((ofResource) => messages(ofResource, 2));
  return scopes.flatMap((scope) => messages(scope, 2)).map((metric) => text(metric, 1));
}
