/** Prints the numbers of one repetition as JSON; null is none. The options are its first argument, the peers its others. */
import { measureOnce, type PeerName, type PeerOptions } from './peer-measures.js';

const [options = '{}', ...names] = process.argv.slice(2);
const progress = (line: string) => void process.stderr.write(`${line}\n`);
const numbers = await measureOnce(JSON.parse(options) as PeerOptions, names as PeerName[], progress);
process.stdout.write(JSON.stringify(numbers));
