import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { status } from '@grpc/grpc-js';
import { expect, it } from 'vitest';
import { ERROR_CODES, GRPC_STATUS, packageRoot } from '../common/index.js';

const page = readFileSync(join(packageRoot(import.meta.url), 'docs/errors.md'), 'utf8');
const statuses: Readonly<Record<string, number>> = GRPC_STATUS;

it('has a section for each error code, with its exit code, its status and whether it is retried, and for no other', () => {
  const sections = page.split(/^### `/m).slice(1);
  const told = sections.map((section) => {
    const [, code] = /^([a-z-]+)`\n/.exec(section) ?? [];
    const [, exitCode] = /^- Exit code: (\d+)$/m.exec(section) ?? [];
    const [, retried] = /^- Retried: (yes|no)$/m.exec(section) ?? [];
    const [, grpcStatus = ''] = /^- gRPC status: ([A-Z_]+)$/m.exec(section) ?? [];
    expect(section).toContain(`\n    error[${code}]: `);
    expect(section).toMatch(/^- Cause: ./m);
    expect(section).toMatch(/^- Remedy: ./m);
    return [code, { exitCode: Number(exitCode), retryable: retried === 'yes', grpcStatus: statuses[grpcStatus] }];
  });
  expect(told).toEqual(Object.entries(ERROR_CODES));
});

it('lists the same in its table', () => {
  const rows = [...page.matchAll(/^\| \[`([a-z-]+)`\]\(#\1\) \| (\d+) \| (yes|no) \| ([A-Z_]+) \|$/gm)];
  const told = rows.map(([, code, exitCode, retried, grpcStatus = '']) => {
    return [code, { exitCode: Number(exitCode), retryable: retried === 'yes', grpcStatus: statuses[grpcStatus] }];
  });
  expect(told).toEqual(Object.entries(ERROR_CODES));
});

it('has a meaning for each exit code', () => {
  const told = [...page.matchAll(/^\| (\d+) \| /gm)].map(([, exitCode]) => Number(exitCode));
  const used = new Set<number>([0, ...Object.values(ERROR_CODES).map(({ exitCode }) => exitCode)]);
  expect(told).toEqual([...used].sort((a, b) => a - b));
});

it('names statuses as gRPC does, and each that is named is one of a code', () => {
  const used = Object.values(ERROR_CODES).map(({ grpcStatus }) => grpcStatus);
  for (const [name, number] of Object.entries(GRPC_STATUS)) {
    expect([name, status[name as keyof typeof status]]).toEqual([name, number]);
    expect(used).toContain(number);
  }
});
