/** `npm run bench:report`: writes REPORT.md and `plots/` from the rows in `results/`. */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { packageRoot } from '../../common/index.js';
import { makeReport } from './make-report.js';

const folder = join(packageRoot(import.meta.url), 'benchmarks');
const files = await makeReport(join(folder, 'results'));
await rm(join(folder, 'plots'), { recursive: true, force: true });
await mkdir(join(folder, 'plots'));
for (const [path, content] of files) await writeFile(join(folder, path), content);
process.stdout.write(`${[...files.keys()].map((path) => `benchmarks/${path}\n`).join('')}`);
