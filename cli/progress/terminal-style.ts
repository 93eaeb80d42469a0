import type { CliContext } from '../context.js';

export interface TerminalStyle {
  readonly colour: boolean;
  /** Bars of block elements, else of ASCII. */
  readonly unicode: boolean;
}

/** Whether what was painted can be painted over: stdout is a terminal that can, and no log that keeps every repaint. */
export function canRepaint({ stdout, env }: Pick<CliContext, 'stdout' | 'env'>): boolean {
  return stdout.isTTY === true && env['TERM'] !== 'dumb' && !isCi(env);
}

export function terminalStyle({ stdout, env }: Pick<CliContext, 'stdout' | 'env'>): TerminalStyle {
  return { colour: stdout.isTTY === true && env['TERM'] !== 'dumb' && !env['NO_COLOR'], unicode: isUtf8(env) };
}

function isCi(env: CliContext['env']): boolean {
  const value = env['CI'];
  return value !== undefined && value !== '' && value !== 'false' && value !== '0';
}

/** By the locale's character set, as POSIX orders its variables; other systems than POSIX ones have UTF-8. */
function isUtf8(env: CliContext['env']): boolean {
  const locale = env['LC_ALL'] || env['LC_CTYPE'] || env['LANG'];
  return locale === undefined || locale === '' ? process.platform !== 'linux' : /utf-?8/i.test(locale);
}
