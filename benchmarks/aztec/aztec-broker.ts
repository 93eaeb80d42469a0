/** Aztec's broker with its database, served over HTTP. */
import { keptBytes } from '../queue/kept-bytes.js';
import { serveCalls } from '../queue/serve-calls.js';
import { AztecPackages } from './aztec-packages.js';
import type { AztecSettings } from './aztec-settings.js';

serveCalls({
  keptBytes,
  /** Resolves with its address. `folder`: for its database. */
  async open({ folder, settings }: { readonly folder: string; readonly settings: AztecSettings }): Promise<string> {
    const aztec = await AztecPackages.load();
    return aztec.serveBroker({ dataDirectory: folder, ...settings.broker });
  },
});
