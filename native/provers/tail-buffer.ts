/** The last bytes of a stream: what a process said before it died, however much it said before that. */
export class TailBuffer {
  #tail = '';

  constructor(readonly charsMax: number) {}

  push(text: string): void {
    this.#tail = (this.#tail + text).slice(-this.charsMax);
  }

  /** One line: lines that say something, joined. Empty when nothing was said. */
  lastLines(linesMax: number): string {
    const lines = this.#tail
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '');
    return lines.slice(-linesMax).join(' | ');
  }
}
