import type { OutputStream } from '../context.js';

const ESCAPE = '\u001b[';

/**
 * For tests: a terminal that understands what `TerminalPainter` writes, wraps like a real one, and wraps anew when it is
 * resized. Anything else it is sent is an error.
 */
export class TestTerminal implements OutputStream {
  readonly isTTY = true;
  written = '';
  isCursorVisible = true;
  columns: number;
  rows: number;
  /** Rows ever shown; the last `rows` of them are the screen. `joined`: goes on a line that was wrapped. */
  #grid: { text: string; joined: boolean }[] = [{ text: '', joined: false }];
  #row = 0;
  #column = 0;
  #wraps = true;

  constructor(columns: number, rows: number) {
    this.columns = columns;
    this.rows = rows;
  }

  write(text: string): boolean {
    this.written += text;
    // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences are what is read here.
    for (const [token] of text.matchAll(/\u001b\[[?0-9;]*[A-Za-z]|[\s\S]/g)) this.#take(token);
    return true;
  }

  /** What the screen shows, without empty rows at its end. */
  lines(): string[] {
    return trimEnd(this.#grid.slice(this.#top()));
  }

  /** The screen and all that has scrolled off it. */
  everything(): string[] {
    return trimEnd(this.#grid);
  }

  resize(columns: number): void {
    const whole: string[] = [];
    for (const { text, joined } of this.#grid) {
      if (joined) whole.push(`${whole.pop() ?? ''}${text}`);
      else whole.push(text);
    }
    this.columns = columns;
    this.#grid = whole.flatMap((text) => {
      const pieces = text.match(new RegExp(`.{1,${columns}}`, 'g')) ?? [''];
      return pieces.map((piece, index) => ({ text: piece, joined: index > 0 }));
    });
    this.#row = this.#grid.length - 1;
  }

  #take(token: string): void {
    if (token.startsWith(ESCAPE)) this.#takeSequence(token.slice(ESCAPE.length));
    else if (token === '\n') this.#moveDown();
    else if (token === '\r') this.#column = 0;
    else if (token >= ' ') this.#put(token);
    else throw new Error(`this terminal does not know ${JSON.stringify(token)}`);
  }

  #takeSequence(sequence: string): void {
    const line = this.#line();
    const number = Number.parseInt(sequence, 10);
    if (sequence === 'K') line.text = line.text.slice(0, this.#column);
    else if (sequence === 'J') this.#clearBelow();
    else if (/^\?7[lh]$/.test(sequence)) this.#wraps = sequence.endsWith('h');
    else if (/^\?25[lh]$/.test(sequence)) this.isCursorVisible = sequence.endsWith('h');
    else if (/^\d+A$/.test(sequence)) this.#row = Math.max(this.#top(), this.#row - number);
    else if (!/^[\d;]*m$/.test(sequence)) throw new Error(`this terminal does not know the sequence ${sequence}`);
  }

  #put(character: string): void {
    if (this.#column >= this.columns) {
      if (this.#wraps) {
        this.#moveDown();
        this.#line().joined = true;
      } else {
        this.#column = this.columns - 1;
      }
    }
    const line = this.#line();
    const before = line.text.padEnd(this.#column).slice(0, this.#column);
    line.text = before + character + line.text.slice(this.#column + 1);
    this.#column += 1;
  }

  #moveDown(): void {
    this.#row += 1;
    this.#column = 0;
    if (this.#row === this.#grid.length) this.#grid.push({ text: '', joined: false });
  }

  #clearBelow(): void {
    const line = this.#line();
    line.text = line.text.slice(0, this.#column);
    this.#grid.length = this.#row + 1;
  }

  #top(): number {
    return Math.max(0, this.#grid.length - this.rows);
  }

  #line(): { text: string; joined: boolean } {
    const line = this.#grid[this.#row];
    if (line === undefined) throw new Error(`the cursor is in row ${this.#row} of ${this.#grid.length}`);
    return line;
  }
}

function trimEnd(grid: readonly { readonly text: string }[]): string[] {
  const lines = grid.map(({ text }) => text.trimEnd());
  while (lines.at(-1) === '') lines.pop();
  return lines;
}
