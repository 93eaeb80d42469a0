/**
 * Every bound of the protocol in one place. Those marked (circuit) are also constants of the Noir library in
 * `circuits/lib/src/constants.nr`; a test holds the two files together.
 */
export const LIMITS = {
  /** (circuit) Registers of the public VM. */
  registers: 16,
  /** (circuit) Instructions of a program. */
  programInstructionsMax: 64,
  /** (circuit) Steps a call may take, its halting instruction included. */
  stepsMax: 128,
  /** (circuit) Storage reads and writes a call may make. */
  stateAccessesMax: 8,
  /** (circuit) Words of calldata; shorter calldata is padded with zeros. */
  calldataWords: 8,
  /** (circuit) Largest gas limit of one call. */
  callGasMax: 4096,
  /** (circuit) Levels of the state tree, each with four children: positions have 64 bits. */
  stateTreeLevels: 32,
  /** Transactions a block may hold (the RFP's upper figure is 61,440). */
  transactionsMax: 65_536,
  /** Public calls one transaction may make. */
  callsPerTransactionMax: 1_024,
  /** Public calls of a whole block. */
  callsMax: 262_144,
  contractsMax: 4_096,
  /** Storage entries and nullifiers of a block's starting state. */
  stateEntriesMax: 1_000_000,
  /** Characters of a contract's source text. */
  sourceCharsMax: 16_384,
  /** Bytes of a proof (the RFP's figure). */
  proofBytesMax: 32_768,
  /** Bytes of a block file of one JSON text: what may be one text in Node with room to spare. */
  blockFileBytesMax: 400_000_000,
  /** Bytes of a block file of lines, and of a block on its way: about three times what the RFP's largest block has. */
  blockLinesBytesMax: 4_000_000_000,
  /** Bytes of a line: twice what a transaction with all its calls may have. */
  blockLineBytesMax: 2_097_152,
} as const;
