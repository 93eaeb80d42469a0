/** WebAssembly modules made by this program itself, and the field arithmetic that two of them share. */
export * from './montgomery.js';
export * from './wasm-module.js';
