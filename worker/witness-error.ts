import { EspalierError } from '../common/index.js';

/** What `noir_js` throws; the first two are undefined unless a constraint does not hold. */
interface ExecutionError extends Error {
  readonly rawAssertionPayload?: unknown;
  readonly callStack?: readonly string[];
  readonly noirCallStack?: readonly string[];
}

/**
 * What `noir_js` threw while executing a circuit, as one of our errors:
 * `witness-unsatisfied` with the assertion's message and place, `inputs-malformed` where the ABI refuses the inputs
 * (`encode` tries that again, since such an error looks like any other), else `internal`.
 */
export function witnessError(thrown: unknown, encode: () => unknown): EspalierError {
  if (isExecutionError(thrown)) {
    const message = thrown.message.replace(/^Circuit execution failed: /, '');
    const place = placeOf(thrown);
    return new EspalierError('witness-unsatisfied', place === undefined ? message : `${message} (at ${place})`);
  }
  try {
    encode();
  } catch (refusal) {
    const message = refusal instanceof Error ? refusal.message : String(refusal);
    return new EspalierError('inputs-malformed', message.replaceAll(/\s+/g, ' '));
  }
  return EspalierError.from(thrown);
}

function isExecutionError(thrown: unknown): thrown is ExecutionError {
  if (!(thrown instanceof Error)) return false;
  const { rawAssertionPayload, callStack } = thrown as ExecutionError;
  return rawAssertionPayload !== undefined || callStack !== undefined;
}

/** The innermost frame: `file:line:column`, or the opcode where the artefact has no debug symbols. */
function placeOf({ noirCallStack, callStack }: ExecutionError): string | undefined {
  const location = noirCallStack?.at(-1)?.match(/\(([^()]*:\d+:\d+)\)$/)?.[1];
  if (location !== undefined) return location;
  const opcode = callStack?.at(-1);
  return opcode === undefined ? undefined : `opcode ${opcode}`;
}
