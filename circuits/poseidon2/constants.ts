import { FIELD_MODULUS } from '../../proto/index.js';

/**
 * Poseidon2 over BN254's scalar field with a state of 4, as Barretenberg and Noir have it: HorizenLabs/poseidon2,
 * `plain_implementations/src/poseidon2/poseidon2_instance_bn256.rs`. The round constants are drawn from the Grain LFSR by the
 * rules of `poseidon2_rust_params.sage` there, so that they need not be taken on trust. Tests hold all of it to Barretenberg.
 */
export const STATE_WIDTH = 4;
export const FULL_ROUNDS = 8;
export const PARTIAL_ROUNDS = 56;

const FIELD_BITS = 254;

/** The inner rounds' matrix is all ones with these added along its diagonal. */
export const INTERNAL_DIAGONAL: readonly bigint[] = [
  0x10dc6e9c006ea38b04b1e03b4bd9490c0d03f98929ca1d7fb56821fd19d3b6e7n,
  0x0c28145b6a44df3e0149b3d0a30b3bb599df9756d4dd9b84a86b38cfb45a740bn,
  0x00544b8338791518b2c7645a50392798b21f75bb60e3596170067d00141cac15n,
  0x222c01175718386f2e2e82eb122789e352e105a3b8fa852613bc534433ee428bn,
];

/** What is added to the state before each round, in order: four elements each, the last three zero in a partial round. */
export function roundConstants(): bigint[][] {
  const draw = grainElements();
  const isFull = (round: number) => round < FULL_ROUNDS / 2 || round >= FULL_ROUNDS / 2 + PARTIAL_ROUNDS;
  return Array.from({ length: FULL_ROUNDS + PARTIAL_ROUNDS }, (_, round) =>
    Array.from({ length: STATE_WIDTH }, (_, lane) => (lane === 0 || isFull(round) ? draw() : 0n)),
  );
}

/** Uniform field elements from the self-shrinking Grain LFSR (Poseidon's paper, appendix F). */
function grainElements(): () => bigint {
  const bitsOf = (value: number, count: number) => [...value.toString(2).padStart(count, '0')].map(Number);
  // A prime field, the S-box x^alpha, sizes, and ones.
  const seed: readonly (readonly [value: number, bits: number])[] = [
    [1, 2],
    [0, 4],
    [FIELD_BITS, 12],
    [STATE_WIDTH, 12],
    [FULL_ROUNDS, 10],
    [PARTIAL_ROUNDS, 10],
    [2 ** 30 - 1, 30],
  ];
  const register = seed.flatMap(([value, bits]) => bitsOf(value, bits));
  const step = (): number => {
    const bit = [62, 51, 38, 23, 13, 0].reduce((sum, tap) => sum ^ (register[tap] ?? 0), 0);
    register.shift();
    register.push(bit);
    return bit;
  };
  for (let i = 0; i < 160; i++) step();
  /** Bits come in pairs; the second counts where the first is 1. */
  const nextBit = (): number => {
    while (step() === 0) step();
    return step();
  };
  return () => {
    for (;;) {
      let value = 0n;
      for (let i = 0; i < FIELD_BITS; i++) value = (value << 1n) | BigInt(nextBit());
      if (value < FIELD_MODULUS) return value;
    }
  };
}
