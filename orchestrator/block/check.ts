import { assemble, contractAddress, type Hasher, programHash } from '../../circuits/index.js';
import { EspalierError } from '../../common/index.js';
import { type Block, type Contract, type Field, LIMITS, toHex } from '../../proto/index.js';

/** What must hold between the parts of a block whose shape is right. Throws an `EspalierError` for the first fault. */
export function checkBlock(block: Block, hasher: Hasher): void {
  checkContracts(block.contracts, hasher);
  checkStart(block);
  checkCalls(block);
  checkNullifiers(block);
}

function checkContracts(contracts: readonly Contract[], hasher: Hasher): void {
  const names = new Map<string, number>();
  const addresses = new Map<Field, number>();
  for (const [index, contract] of contracts.entries()) {
    const where = `contract ${index} (${contract.name})`;
    const sameName = names.get(contract.name);
    if (sameName !== undefined) {
      throw invalid(`${where}: contract ${sameName} has that name too`, 'rename one of them');
    }
    const sameAddress = addresses.get(contract.address);
    if (sameAddress !== undefined) {
      throw invalid(`${where}: contract ${sameAddress} has that address too`, 'drop one of them or change its salt');
    }
    names.set(contract.name, index);
    addresses.set(contract.address, index);
    const address = contractAddress(hasher, programHash(hasher, assembleIn(where, contract.source)), contract.salt);
    if (address === contract.address) continue;
    throw invalid(
      `${where}: address ${toHex(contract.address)} does not match its source and salt`,
      `they make ${toHex(address)}`,
    );
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

function checkStart({ start }: Block): void {
  const slots = new Map<string, number>();
  for (const [index, { contract, slot }] of start.storage.entries()) {
    const id = `${contract}.${slot}`;
    const same = slots.get(id);
    if (same !== undefined) {
      throw invalid(
        `start, storage ${index}: storage ${same} sets slot ${toHex(slot)} of that contract too`,
        'drop one',
      );
    }
    slots.set(id, index);
  }
  const nullifiers = new Map<Field, number>();
  for (const [index, nullifier] of start.nullifiers.entries()) {
    const same = nullifiers.get(nullifier);
    if (same !== undefined) {
      throw invalid(
        `start, nullifier ${index}: the same as nullifier ${same}, ${toHex(nullifier)}`,
        'drop one of them',
      );
    }
    nullifiers.set(nullifier, index);
  }
}

function checkCalls(block: Block): void {
  const known = new Set(block.contracts.map((contract) => contract.address));
  let calls = 0;
  for (const [index, transaction] of block.transactions.entries()) {
    calls += transaction.calls.length;
    if (calls > LIMITS.callsMax) {
      throw invalid(`tx ${index}: the block has more than ${LIMITS.callsMax} calls up to here`, 'split the block');
    }
    for (const [callIndex, { contract }] of transaction.calls.entries()) {
      if (known.has(contract)) continue;
      throw invalid(
        `tx ${index}, call ${callIndex}: unknown contract ${toHex(contract)}`,
        `add it to contracts; known: ${listContracts(block.contracts)}`,
      );
    }
  }
}

function listContracts(contracts: readonly Contract[]): string {
  const shown = contracts.slice(0, 4).map(({ name, address }) => `${name} ${toHex(address)}`);
  if (contracts.length > shown.length) shown.push(`${contracts.length - shown.length} more`);
  return shown.length === 0 ? 'none' : shown.join(', ');
}

function checkNullifiers(block: Block): void {
  const spent = new Set(block.start.nullifiers);
  const spenders = new Map<Field, number>();
  for (const [index, { nullifier }] of block.transactions.entries()) {
    const other = spenders.get(nullifier);
    if (other !== undefined) {
      throw new EspalierError(
        'duplicate-nullifier',
        `tx ${other} and tx ${index} spend one nullifier, ${toHex(nullifier)}`,
        {
          remedy: 'drop one of them',
        },
      );
    }
    if (spent.has(nullifier)) {
      throw new EspalierError(
        'duplicate-nullifier',
        `tx ${index}: nullifier ${toHex(nullifier)} is already spent in the state the block starts from`,
        { remedy: 'drop the transaction' },
      );
    }
    spenders.set(nullifier, index);
  }
}

function invalid(message: string, remedy: string): EspalierError {
  return new EspalierError('block-invalid', message, { remedy });
}
