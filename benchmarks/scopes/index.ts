import type { Scope } from '../scope.js';
import { planning } from './planning.js';

/** What `npm run bench -- SCOPE` knows. */
export const SCOPES: Readonly<Record<string, Scope>> = { planning };
