import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { EspalierError, packageRoot } from '../common/index.js';
import { CIRCUIT_NAMES, type CircuitName, type CompiledCircuit } from '../proto/index.js';
import { CATALOGUE } from './catalogue.js';

/** The compiled circuits of this version of Espalier. */
export interface CircuitSet {
  circuit(name: CircuitName): CompiledCircuit;
}

/** Where `npm run build:circuits` puts the compiled circuits: in the package, beside their sources. */
export function targetFolder(): string {
  return join(packageRoot(import.meta.url), 'circuits', 'target');
}

/** The compiled circuits; each is read when it is first asked for. Rejects with `circuits-missing` if one is not built. */
export function loadCircuits(folder = targetFolder()): CircuitSet {
  const missing = CIRCUIT_NAMES.find((name) => !existsSync(join(folder, `${name}.json`)));
  if (missing !== undefined) {
    throw new EspalierError('circuits-missing', `circuit ${missing} is not compiled in ${folder}`, {
      remedy: 'run `npm run build:circuits`',
    });
  }
  const loaded = new Map<CircuitName, CompiledCircuit>();
  return {
    circuit(name) {
      const circuit = loaded.get(name) ?? readCircuit(folder, name);
      loaded.set(name, circuit);
      return circuit;
    },
  };
}

function readCircuit(folder: string, name: CircuitName): CompiledCircuit {
  const artifact = JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8')) as CompiledCircuit['artifact'];
  const bytecode = gunzipSync(Buffer.from(artifact.bytecode, 'base64'));
  const bytecodeHash = createHash('sha256').update(bytecode).digest('hex');
  return { spec: CATALOGUE[name], bytecodeHash, bytecode, artifact };
}
