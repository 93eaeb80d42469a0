import { join } from 'node:path';
import type { Server } from '@grpc/grpc-js';
import { load } from '@grpc/proto-loader';
import { ReflectionService } from '@grpc/reflection';
import { protoPath as healthProto } from 'grpc-health-check';
import { packageRoot } from '../../common/index.js';

const FILES = ['block_service', 'fleet_service'].map((name) => `espalier/v1/${name}.proto`);

/** `grpc.reflection.v1` and `v1alpha`, from the definitions that come with this package: for grpcurl and its like. */
export async function serveReflection(server: Pick<Server, 'addService'>): Promise<void> {
  const folder = join(packageRoot(import.meta.url), 'proto');
  new ReflectionService(await load([...FILES, healthProto], { includeDirs: [folder] })).addToServer(server);
}
