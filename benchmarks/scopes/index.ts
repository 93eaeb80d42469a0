import type { Scope } from '../scope.js';
import { packing } from './packing.js';
import { planning } from './planning.js';
import { proving } from './proving.js';

/** What `npm run bench -- SCOPE` knows. */
export const SCOPES: Readonly<Record<string, Scope>> = { packing, planning, proving };
