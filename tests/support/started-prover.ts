import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { createProver, type Prover, type ProverChoice } from '../../native/index.js';
import { tempFolder } from './temp-folder.js';

/** A prover that is stopped when the test is over. */
export async function startedProver(choice: ProverChoice): Promise<Prover> {
  const prover = await createProver(choice);
  onTestFinished(() => prover.stop());
  return prover;
}

/** An executable file that is gone when the test is over. */
export async function executable(content: string, mode = 0o755): Promise<string> {
  const file = join(await tempFolder(), 'prover');
  await writeFile(file, content);
  await chmod(file, mode);
  return file;
}
