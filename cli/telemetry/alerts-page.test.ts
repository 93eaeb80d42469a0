import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { packageRoot } from '../../common/index.js';

const read = (name: string) => readFileSync(join(packageRoot(import.meta.url), name), 'utf8');

test('docs/operations.md has a section for each alert, and for no other', () => {
  const alerts = [...read('k8s/monitoring/alerts.yaml').matchAll(/- alert: (\w+)\n(?:.*\n)*?\s+runbook: (\S+)/g)];
  const [, section = ''] = read('docs/operations.md').split('\n## Alerts\n');
  const [own = ''] = section.split('\n## ');
  expect([...own.matchAll(/^### (\w+)$/gm)].map(([, name]) => name)).toEqual(alerts.map(([, name]) => name));
  for (const [, name = '', runbook] of alerts) expect(runbook).toBe(`docs/operations.md#${name.toLowerCase()}`);
});
