import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ERROR_CODES, packageRoot } from '../common/index.js';

const page = readFileSync(join(packageRoot(import.meta.url), 'docs/errors.md'), 'utf8');

it('has a section for each error code, with its exit code and whether it is retried, and for no other', () => {
  const sections = page.split(/^### `/m).slice(1);
  const told = sections.map((section) => {
    const [, code] = /^([a-z-]+)`\n/.exec(section) ?? [];
    const [, exitCode] = /^- Exit code: (\d+)$/m.exec(section) ?? [];
    const [, retried] = /^- Retried: (yes|no)$/m.exec(section) ?? [];
    expect(section).toContain(`\n    error[${code}]: `);
    expect(section).toMatch(/^- Cause: ./m);
    expect(section).toMatch(/^- Remedy: ./m);
    return [code, { exitCode: Number(exitCode), retryable: retried === 'yes' }];
  });
  expect(told).toEqual(Object.entries(ERROR_CODES));
});

it('lists the same in its table', () => {
  const rows = [...page.matchAll(/^\| \[`([a-z-]+)`\]\(#\1\) \| (\d+) \| (yes|no) \|$/gm)];
  const told = rows.map(([, code, exitCode, retried]) => {
    return [code, { exitCode: Number(exitCode), retryable: retried === 'yes' }];
  });
  expect(told).toEqual(Object.entries(ERROR_CODES));
});
