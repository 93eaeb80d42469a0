import { stripVTControlCharacters } from 'node:util';
import type { OutputStream } from '../context.js';

const HIDE_CURSOR = '\u001b[?25l';
const SHOW_CURSOR = '\u001b[?25h';
const WRAP_OFF = '\u001b[?7l';
const WRAP_ON = '\u001b[?7h';
const CLEAR_LINE_END = '\u001b[K';
const CLEAR_BELOW = '\u001b[J';

/**
 * Repaints a frame in place at the end of what the terminal shows. Between calls the cursor is hidden and stands at the
 * start of the line below the frame. Lines that are too long for the terminal are cut by it, never wrapped; when the
 * window was made narrower, the terminal has wrapped the last frame, which is counted in.
 */
export class TerminalPainter {
  readonly #stream: OutputStream;
  /** Widths of the lines on the screen. */
  #widths: readonly number[] = [];
  #last = '';
  #isOpen = false;

  constructor(stream: OutputStream) {
    this.#stream = stream;
  }

  /** Replaces the frame; the same frame again writes nothing. */
  paint(lines: readonly string[]): void {
    const frame = this.#frame(lines);
    if (frame === this.#last) return;
    this.#write(frame, lines);
  }

  /** Writes lines that stay, above the frame, and the frame below them. They may be of any length. */
  printAbove(stay: readonly string[], lines: readonly string[]): void {
    const text = stay.map((line) => `${WRAP_ON}${line}${CLEAR_LINE_END}\n`).join('');
    this.#write(`${text}${this.#frame(lines)}`, lines);
  }

  /** Leaves the frame standing and gives the cursor back. Idempotent. */
  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#widths = [];
    this.#last = '';
    this.#stream.write(`${WRAP_ON}${SHOW_CURSOR}`);
  }

  #frame(lines: readonly string[]): string {
    return WRAP_OFF + lines.map((line) => `${line}${CLEAR_LINE_END}\n`).join('') + WRAP_ON + CLEAR_BELOW;
  }

  #write(text: string, lines: readonly string[]): void {
    const up = this.#rowsOnScreen();
    const start = `${this.#isOpen ? '' : HIDE_CURSOR}${up > 0 ? `\u001b[${up}A` : ''}\r`;
    this.#isOpen = true;
    this.#stream.write(start + text);
    this.#widths = lines.map((line) => stripVTControlCharacters(line).length);
    this.#last = this.#frame(lines);
  }

  /** How many rows the last frame takes now, as far as they can still be on the screen. */
  #rowsOnScreen(): number {
    const columns = this.#stream.columns || Number.POSITIVE_INFINITY;
    const rows = this.#widths.reduce((sum, width) => sum + Math.max(1, Math.ceil(width / columns)), 0);
    return Math.min(rows, Math.max(1, (this.#stream.rows || Number.POSITIVE_INFINITY) - 1));
  }
}
