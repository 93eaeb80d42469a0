import { assemble, contractAddress, type Hasher, programHash } from '../../circuits/index.js';
import { EspalierError } from '../../common/index.js';
import {
  type BlockFacts,
  BlockIdentity,
  type BlockOutline,
  type BlockPart,
  type Contract,
  type Field,
  type Transaction,
  toHex,
} from '../../proto/index.js';

/**
 * What must hold between the parts of a block, each of which is sound by itself and in its place, and the identity that
 * comes of them. Holds some 300 bytes a transaction, whatever is in it.
 */
export class BlockCheck {
  readonly #hasher: Hasher;
  readonly #identity = new BlockIdentity();
  readonly #contracts = new Map<Field, Pick<Contract, 'name' | 'address'>>();
  readonly #names = new Map<string, number>();
  /** By nullifier, as text: `Map` hashes a bigint by its lower half alone, which whoever makes blocks may choose. */
  readonly #spenders = new Map<string, number>();
  #transactions = 0;
  #isStartChecked = false;

  constructor(hasher: Hasher) {
    this.#hasher = hasher;
  }

  /** Throws `block-invalid` or `duplicate-nullifier` for the first fault. */
  add(part: BlockPart): void {
    if (part.kind === 'contracts' || part.kind === 'transactions') this.#checkStart();
    if (part.kind === 'contracts') for (const contract of part.contracts) this.#addContract(contract);
    if (part.kind === 'transactions') for (const transaction of part.transactions) this.#addTransaction(transaction);
    this.#identity.add(part);
  }

  /** Nothing more comes. */
  finish(): { readonly facts: BlockFacts; readonly outline: BlockOutline } {
    this.#checkStart();
    return { facts: this.#identity.finish(), outline: this.#identity.outline };
  }

  #checkStart(): void {
    if (this.#isStartChecked) return;
    this.#isStartChecked = true;
    const { start } = this.#identity;
    const slots = start.twinSlots();
    if (slots !== undefined) {
      const slot = toHex(start.slot(slots[1]));
      throw invalid(
        `start, storage ${slots[1]}: storage ${slots[0]} sets slot ${slot} of that contract too`,
        'drop one',
      );
    }
    const nullifiers = start.twinNullifiers();
    if (nullifiers === undefined) return;
    const nullifier = toHex(start.nullifier(nullifiers[1]));
    throw invalid(
      `start, nullifier ${nullifiers[1]}: the same as nullifier ${nullifiers[0]}, ${nullifier}`,
      'drop one of them',
    );
  }

  #addContract({ name, address, source, salt }: Contract): void {
    const index = this.#names.size;
    const where = `contract ${index} (${name})`;
    const sameName = this.#names.get(name);
    if (sameName !== undefined) {
      throw invalid(`${where}: contract ${sameName} has that name too`, 'rename one of them');
    }
    const same = this.#contracts.get(address);
    if (same !== undefined) {
      const other = this.#names.get(same.name);
      throw invalid(`${where}: contract ${other} has that address too`, 'drop one of them or change its salt');
    }
    this.#names.set(name, index);
    this.#contracts.set(address, { name, address });
    const made = contractAddress(this.#hasher, programHash(this.#hasher, assembleIn(where, source)), salt);
    if (made === address) return;
    throw invalid(`${where}: address ${toHex(address)} does not match its source and salt`, `they make ${toHex(made)}`);
  }

  #addTransaction({ nullifier, calls }: Transaction): void {
    const index = this.#transactions;
    this.#transactions += 1;
    const unknown = calls.findIndex(({ contract }) => !this.#contracts.has(contract));
    if (unknown >= 0) {
      throw invalid(
        `tx ${index}, call ${unknown}: unknown contract ${toHex(calls[unknown]?.contract ?? 0n)}`,
        `add it to contracts; known: ${listContracts([...this.#contracts.values()])}`,
      );
    }
    const text = toHex(nullifier);
    const other = this.#spenders.get(text);
    if (other !== undefined) {
      throw new EspalierError('duplicate-nullifier', `tx ${other} and tx ${index} spend one nullifier, ${text}`, {
        remedy: 'drop one of them',
      });
    }
    if (this.#identity.start.isSpent(nullifier)) {
      throw new EspalierError(
        'duplicate-nullifier',
        `tx ${index}: nullifier ${text} is already spent in the state the block starts from`,
        { remedy: 'drop the transaction' },
      );
    }
    this.#spenders.set(text, index);
  }
}

function assembleIn(where: string, source: string): ReturnType<typeof assemble> {
  try {
    return assemble(source);
  } catch (thrown) {
    const { code, message, remedy } = EspalierError.from(thrown);
    throw new EspalierError(code, `${where}, ${message}`, remedy === undefined ? {} : { remedy });
  }
}

function listContracts(contracts: readonly Pick<Contract, 'name' | 'address'>[]): string {
  const shown = contracts.slice(0, 4).map(({ name, address }) => `${name} ${toHex(address)}`);
  if (contracts.length > shown.length) shown.push(`${contracts.length - shown.length} more`);
  return shown.length === 0 ? 'none' : shown.join(', ');
}

function invalid(message: string, remedy: string): EspalierError {
  return new EspalierError('block-invalid', message, { remedy });
}
