/** Noir circuits, their build, and typed encoders from our types to circuit inputs. */
export * from './circuit-inputs.js';
