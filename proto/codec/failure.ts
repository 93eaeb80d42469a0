import { ERROR_CODES, type ErrorCode, type SerializedError } from '../../common/index.js';
import type * as wire from '../wire.js';

/** Longer texts are cut: they are for people. */
const TEXT_CHARS_MAX = 4_096;

export function failureToWire({ code, message, remedy, subject }: SerializedError): wire.Failure {
  return { code, message, remedy: remedy ?? '', subject: subject ?? '' };
}

/** A code that this version does not know, of a newer server, becomes `internal`, and its name part of the message. */
export function failureFromWire({ code, message, remedy, subject }: wire.Failure): SerializedError {
  const known = Object.hasOwn(ERROR_CODES, code);
  const text = message.slice(0, TEXT_CHARS_MAX);
  return {
    code: known ? (code as ErrorCode) : 'internal',
    message: known ? text : `[${code.slice(0, 64)}] ${text}`,
    ...(remedy === '' ? {} : { remedy: remedy.slice(0, TEXT_CHARS_MAX) }),
    ...(subject === '' ? {} : { subject: subject.slice(0, TEXT_CHARS_MAX) }),
  };
}
