import { readFile, writeFile } from 'node:fs/promises';
import { z } from 'zod';
import { machine } from './machine.js';
import type { Row } from './scope.js';

/** A row with what it is worth: files keep one as a JSON object a line. */
export interface KeptRow extends Row {
  readonly machine: string;
  /** The day, as YYYY-MM-DD in UTC. */
  readonly measuredOn: string;
  readonly repetitions: number;
}

/** JSON has no NaN: what could not be measured is null there. */
const numberSchema = z
  .number()
  .nullable()
  .transform((value) => value ?? Number.NaN);

const schema: z.ZodType<KeptRow> = z.strictObject({
  name: z.string().regex(/^[a-z]+\//),
  value: numberSchema,
  unit: z.string(),
  spread: z.tuple([numberSchema, numberSchema]),
  target: z.number().optional(),
  targetMin: z.number().optional(),
  note: z.string().optional(),
  machine: z.string(),
  measuredOn: z.iso.date(),
  repetitions: z.int().positive(),
}) as z.ZodType<KeptRow>;

/** Writes rows that were measured just now, in place of what the file held. */
export async function keepRows(path: string, rows: readonly Row[], repetitions: number): Promise<void> {
  const facts = { machine: machine(), measuredOn: new Date().toISOString().slice(0, 10) };
  await writeFile(path, rows.map((row) => `${JSON.stringify({ repetitions, ...row, ...facts })}\n`).join(''));
}

/** Throws, naming file and line, where one is no row. */
export async function readKeptRows(path: string): Promise<readonly KeptRow[]> {
  const lines = (await readFile(path, 'utf8')).split('\n');
  return lines.flatMap((line, index) => {
    if (line === '') return [];
    try {
      return [schema.parse(JSON.parse(line))];
    } catch (cause) {
      throw new Error(`${path}, line ${index + 1} is no row as \`npm run bench -- SCOPE --json FILE\` writes them`, {
        cause,
      });
    }
  });
}
