import { assemble, contractAddress, type Hasher, programHash } from '../../circuits/index.js';
import type { Contract, Field } from '../../proto/index.js';

/** The sample contracts in the VM's assembly. Register r0 is never written, so it holds 0. */
const SOURCES = {
  token: `
; transfer(to, amount): moves tokens from the sender to another account.
; A balance is held in the slot named by its account. Reverts when the sender has too little.
  arg r1 0            ; to
  arg r2 1            ; amount
  caller r3
  load r4 r3          ; the sender's balance
  lt r5 r4 r2
  jumpif r5 short
  sub r4 r4 r2
  store r3 r4
  load r6 r1          ; read after the write, so that a transfer to oneself adds up
  add r6 r6 r2
  store r1 r6
  return r4           ; what the sender has left
short:
  revert r4           ; what the sender had
`,
  counter: `
; add(amount): adds to the one number this contract keeps.
.const TOTAL 0
  arg r1 0
  set r2 TOTAL
  load r3 r2
  add r3 r3 r1
  store r2 r3
  return r3
`,
  'hash-loop': `
; repeat(rounds, seed): hashes the seed over and over and stores the result under the sender; at most 24 rounds.
  arg r1 0            ; rounds left
  arg r2 1
  set r3 1
next:
  eq r4 r1 r0
  jumpif r4 done
  hash r2 r2 r1
  sub r1 r1 r3
  jump next
done:
  caller r5
  store r5 r2
  return r2
`,
  reverter: `
; fail(slot, value): writes, reads its own write and reverts, so that nothing of it is left.
  arg r1 0
  arg r2 1
  store r1 r2
  load r3 r1
  revert r3
`,
} as const;

export type SampleContractName = keyof typeof SOURCES;

/** Gas limits that each contract's calls stay below. */
export const SAMPLE_GAS_LIMITS: Readonly<Record<SampleContractName, number>> = {
  token: 128,
  counter: 64,
  'hash-loop': 256,
  reverter: 64,
};

export const HASH_LOOP_ROUNDS_MAX = 24;

/** The sample contracts under one salt, in the order of `SOURCES`. */
export function sampleContracts(hasher: Hasher, salt: Field): (Contract & { readonly name: SampleContractName })[] {
  return Object.entries(SOURCES).map(([name, text]) => {
    const source = text.trimStart();
    const address = contractAddress(hasher, programHash(hasher, assemble(source)), salt);
    return { name: name as SampleContractName, address, salt, source };
  });
}
