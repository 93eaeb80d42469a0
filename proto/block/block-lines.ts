import { EspalierError } from '../../common/index.js';
import type { BlockPart } from '../block-part.js';
import { blockJson } from './block-json.js';
import { textSchemas, versionSchema } from './block-schema.js';
import { placeInBlock } from './check-part.js';
import { refusal, showValue } from './describe-issue.js';
import type { PartSequence } from './part-sequence.js';

/**
 * A block as JSON lines: `{"version":1,"format":"lines"}`, then `{"state":{"storage":[…],"nullifiers":[…]}}` for every
 * batch of starting state, `{"contract":{…}}` for every contract and `{"transaction":{…}}` for every transaction, with the
 * fields of a block file of one text.
 */
export const HEADER_LINE = '{"version":1,"format":"lines"}\n';

/** Entries of a line of starting state. */
const STATE_ENTRIES_PER_LINE = 500;

/** The lines of a part, each with its end. */
export function* linesOf(part: BlockPart): Generator<string> {
  const line = (value: unknown): string => `${JSON.stringify(blockJson(value))}\n`;
  if (part.kind === 'header') yield HEADER_LINE;
  else if (part.kind === 'contracts') for (const contract of part.contracts) yield line({ contract });
  else if (part.kind === 'transactions') for (const transaction of part.transactions) yield line({ transaction });
  else {
    const entries = Math.max(part.storage.length, part.nullifiers.length);
    for (let from = 0; from < entries; from += STATE_ENTRIES_PER_LINE) {
      const storage = part.storage.slice(from, from + STATE_ENTRIES_PER_LINE);
      const nullifiers = part.nullifiers.slice(from, from + STATE_ENTRIES_PER_LINE);
      yield line({ state: { storage, nullifiers } });
    }
  }
}

/** Whether the first line of a file begins a block as lines. What else may be in it is for `parseLine` to say. */
export function isHeaderLine(line: string): boolean {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null && 'format' in value;
  } catch {
    return false;
  }
}

/**
 * The part that one line holds. `sequence`: what came before it, to which it is added. Throws `block-invalid`, which names
 * the place in the block.
 */
export function parseLine(line: string, sequence: PartSequence): BlockPart {
  const part = partOf(parseJson(line), sequence);
  sequence.add(part);
  return part;
}

function partOf(json: unknown, before: PartSequence): BlockPart {
  const [name = '', ...others] = typeof json === 'object' && json !== null ? Object.keys(json) : [];
  const value = (json as Record<string, unknown> | null)?.[name];
  if (name === 'version' || name === 'format') return headerOf(json as Record<string, unknown>);
  if (others.length > 0) throw notALine(json);
  switch (name) {
    case 'state': {
      const checked = textSchemas.start.safeParse(value);
      if (checked.success) return { kind: 'state', ...checked.data };
      throw refusal(checked.error, value, (path) => placeInBlock('state', path, before));
    }
    case 'contract': {
      const checked = textSchemas.contract.safeParse(value);
      if (checked.success) return { kind: 'contracts', contracts: [checked.data] };
      throw refusal(checked.error, value, (path) => ['contracts', before.contracts, ...path]);
    }
    case 'transaction': {
      const checked = textSchemas.transaction.safeParse(value);
      if (checked.success) return { kind: 'transactions', transactions: [checked.data] };
      throw refusal(checked.error, value, (path) => ['transactions', before.transactions, ...path]);
    }
    default:
      throw notALine(json);
  }
}

function headerOf({ version, format, ...others }: Record<string, unknown>): BlockPart {
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) throw invalid(`unknown field ${showValue(unknown)}`, 'remove it or mend its spelling');
  if (format !== 'lines') throw invalid(`format: ${showValue(format)} is not allowed`, 'allowed: lines');
  const checked = versionSchema.safeParse(version);
  if (!checked.success) throw refusal(checked.error, version, () => ['version']);
  return { kind: 'header', version: checked.data };
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch (thrown) {
    const reason = (thrown as Error).message.replace(/\s+/g, ' ');
    throw invalid(`not JSON: ${reason}`, 'make the file again; was it cut short?');
  }
}

function notALine(json: unknown): EspalierError {
  const what = typeof json === 'object' && json !== null ? `${Object.keys(json).slice(0, 4).join(', ')}` : '';
  return invalid(
    `${what === '' ? showValue(json) : `a line of ${what}`} is not allowed`,
    'allowed: one of state, contract, transaction',
  );
}

function invalid(message: string, remedy: string): EspalierError {
  return new EspalierError('block-invalid', message, { remedy });
}
