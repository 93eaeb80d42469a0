import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { credentials, type GrpcObject, loadPackageDefinition, type ServiceClientConstructor } from '@grpc/grpc-js';
import { loadFileDescriptorSetFromBuffer, loadSync, type PackageDefinition } from '@grpc/proto-loader';
import { protoPath as healthProto } from 'grpc-health-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { EspalierError } from '../../common/index.js';
import { UPLOAD_SHAPES, type WireShape } from '../../orchestrator/api/calls/wire-values.js';
import { wire } from '../../proto/index.js';
import { tempFolder } from '../support/temp-folder.js';
import { openApi } from './api-bench.js';
import { streamEnd, withToken } from './raw-calls.js';

/** As grpcurl, health probes and their like see the server: with what it tells of itself, and nothing else. */

const reflectionFolder = dirname(createRequire(import.meta.url).resolve('@grpc/reflection/package.json'));
const reflectionProto = (version: string) =>
  join(reflectionFolder, `build/proto/grpc/reflection/${version}/reflection.proto`);

// biome-ignore lint/suspicious/noExplicitAny: a client of a service that is not known here.
type DynamicClient = any;

function clientOf(definition: PackageDefinition, service: string, address: string): DynamicClient {
  const root = loadPackageDefinition(definition);
  const found = service.split('.').reduce<GrpcObject | unknown>((at, part) => (at as GrpcObject)[part], root);
  const client = new (found as ServiceClientConstructor)(address, credentials.createInsecure());
  onTestFinished(() => client.close());
  return client;
}

interface Answer {
  readonly listServicesResponse?: { readonly service: readonly { readonly name: string }[] };
  readonly fileDescriptorResponse?: { readonly fileDescriptorProto: readonly Buffer[] };
}

/** Asks what a server is, one question at a time. */
function reflection(address: string, version = 'v1', token?: string) {
  const definition = loadSync(reflectionProto(version), { bytes: Buffer });
  const client = clientOf(definition, `grpc.reflection.${version}.ServerReflection`, address);
  const stream = client.ServerReflectionInfo(withToken(token));
  stream.on('error', () => {});
  onTestFinished(() => stream.cancel());
  return {
    stream,
    ask: async (question: object): Promise<Answer> => {
      stream.write(question);
      const [answer] = await once(stream, 'data');
      return answer;
    },
  };
}

/** All that a server tells of a service, as a definition to call it by. */
async function definitionOf(address: string, symbol: string): Promise<PackageDefinition> {
  const { ask } = reflection(address);
  const { fileDescriptorResponse } = await ask({ fileContainingSymbol: symbol });
  const files = fileDescriptorResponse?.fileDescriptorProto ?? [];
  const set = files.flatMap((file) => {
    const length: number[] = [];
    for (let rest = file.length; ; rest >>>= 7) {
      length.push(rest > 127 ? (rest & 127) | 128 : rest);
      if (rest <= 127) break;
    }
    return [Buffer.from([0x0a, ...length]), file];
  });
  return loadFileDescriptorSetFromBuffer(Buffer.concat(set), { defaults: true });
}

describe('reflection', () => {
  test.each(['v1', 'v1alpha'])('lists the services: %s', async (version) => {
    const { server } = await openApi();
    const answer = await reflection(server.address, version).ask({ listServices: '*' });
    expect(answer.listServicesResponse?.service.map(({ name }) => name).sort()).toEqual([
      'espalier.v1.BlockService',
      'espalier.v1.FleetService',
      'grpc.health.v1.Health',
    ]);
  });

  test('tells enough to call every method, and each that it tells of is answered', async () => {
    const { server } = await openApi();
    for (const [name, service] of [
      ['BlockService', wire.BlockServiceService],
      ['FleetService', wire.FleetServiceService],
    ] as const) {
      const symbol = `espalier.v1.${name}`;
      const definition = await definitionOf(server.address, symbol);
      const told = Object.values(definition[symbol] ?? {}).map(({ path }) => path);
      expect(told.sort()).toEqual(
        Object.values(service)
          .map(({ path }) => path)
          .sort(),
      );
    }
    const blocks = clientOf(
      await definitionOf(server.address, 'espalier.v1.BlockService'),
      'espalier.v1.BlockService',
      server.address,
    );
    const page = await new Promise((resolve, reject) => {
      blocks.ListBlocks({ pageSize: 3 }, (error: Error | null, answer: unknown) =>
        error ? reject(error) : resolve(answer),
      );
    });
    expect(page).toMatchObject({ nextPageToken: '' });
  });

  test('is for those who have a role, where there is an access file', async () => {
    const path = join(await tempFolder(), 'access.json');
    const sha256 = createHash('sha256').update('secret').digest('hex');
    await writeFile(path, JSON.stringify([{ name: 'a', roles: ['submit'], sha256 }]));
    const { server } = await openApi({ accessFile: path });
    expect(await streamEnd(reflection(server.address).stream)).toMatchObject({ status: 'UNAUTHENTICATED' });
    const answer = await reflection(server.address, 'v1', 'secret').ask({ listServices: '*' });
    expect(answer.listServicesResponse?.service).toHaveLength(3);
  });
});

describe('health', () => {
  const health = (address: string) =>
    clientOf(loadSync(healthProto, { enums: String }), 'grpc.health.v1.Health', address);
  const check = (client: DynamicClient, service = '') =>
    new Promise<string>((resolve) => {
      client.Check({ service }, (error: { code: number } | null, answer: { status: string }) =>
        resolve(error === null ? answer.status : String(error.code)),
      );
    });

  test('is told to everybody, of the server and of each service', async () => {
    const path = join(await tempFolder(), 'access.json');
    await writeFile(path, '[]');
    const { server } = await openApi({ accessFile: path });
    const client = health(server.address);
    for (const service of ['', 'espalier.v1.BlockService', 'espalier.v1.FleetService']) {
      expect([service, await check(client, service)]).toEqual([service, 'SERVING']);
    }
    // NOT_FOUND.
    expect(await check(client, 'another')).toBe('5');
  });

  test('is NOT_SERVING while the queue is away, and when the server stops', async () => {
    const { server, board } = await openApi();
    const client = health(server.address);
    const seen: string[] = [];
    const watch = client.Watch({ service: '' });
    watch.on('data', ({ status }: { status: string }) => seen.push(status));
    watch.on('error', () => {});
    await expect.poll(() => seen).toEqual(['SERVING']);
    const find = board.find.bind(board);
    board.find = () => Promise.reject(new EspalierError('queue-unavailable', 'away'));
    await expect.poll(() => seen.at(-1), { timeout: 15_000 }).toBe('NOT_SERVING');
    board.find = find;
    await expect.poll(() => seen.at(-1), { timeout: 15_000 }).toBe('SERVING');
    const stopped = server.stop();
    await expect.poll(() => seen.at(-1)).toBe('NOT_SERVING');
    await stopped;
  }, 40_000);

  test('cannot be kept from others by one who asks too much', async () => {
    const { server } = await openApi({ limits: { asidesPerPeerMax: 3 } });
    const client = health(server.address);
    const watches = [1, 2, 3].map(() => client.Watch({ service: '' }).on('error', () => {}));
    await Promise.all(watches.map((watch) => once(watch, 'data')));
    expect(await check(client)).toBe('8');
    for (const watch of watches) watch.cancel();
    await expect.poll(() => check(client)).toBe('SERVING');
  });
});

test('the shapes by which values are counted are those of the definitions', async () => {
  const { server } = await openApi();
  const definition = await definitionOf(server.address, 'espalier.v1.BlockService');
  interface Field {
    readonly number: number;
    readonly typeName: string;
    readonly type: string;
  }
  const shapeOf = (name: string): WireShape => {
    const message = definition[name.replace(/^\./, '')] as unknown as { type: { field: readonly Field[] } };
    const inner = message.type.field.filter(({ type }) => type === 'TYPE_MESSAGE');
    return Object.fromEntries(
      inner.map(({ number, typeName }) => [number, shapeOf(`espalier.v1.${typeName.split('.').at(-1)}`)]),
    );
  };
  const uploads = Object.values(wire.BlockServiceService).filter(({ requestStream }) => requestStream);
  expect([...UPLOAD_SHAPES.keys()].sort()).toEqual(uploads.map(({ path }) => path).sort());
  for (const [path, shape] of UPLOAD_SHAPES) {
    expect([path, shape]).toEqual([path, shapeOf(`espalier.v1.${path.split('/').at(-1)}Request`)]);
  }
});
