/** Colours by meaning. */
const SGR = { bold: '1', dim: '2', red: '31', green: '32', yellow: '33', cyan: '36', alarm: '1;33' } as const;

export type Style = keyof typeof SGR | 'plain';

/** A piece of a line in one style; its text has no control characters, each character one column wide. */
export interface Segment {
  readonly text: string;
  readonly style: Style;
}

export type StyledLine = readonly Segment[];

export function segment(text: string, style: Style = 'plain'): Segment {
  return { text, style };
}

export function lineWidth(line: StyledLine): number {
  return line.reduce((sum, { text }) => sum + text.length, 0);
}

/** The line as text of at most `columns` columns, cut where it is longer. */
export function paintLine(line: StyledLine, columns: number, colour: boolean): string {
  let free = Math.max(0, columns);
  let text = '';
  for (const part of line) {
    const visible = part.text.slice(0, free);
    if (visible === '') continue;
    free -= visible.length;
    text += colour && part.style !== 'plain' ? `\u001b[${SGR[part.style]}m${visible}\u001b[0m` : visible;
  }
  return text.trimEnd();
}

/** Packs pieces into as few lines as hold them, `gap` between two of one line, without parting any. */
export function flow(pieces: readonly StyledLine[], columns: number, indent: string, gap: string): StyledLine[] {
  const lines: StyledLine[] = [];
  let current: StyledLine = [];
  for (const piece of pieces) {
    const widthWithPiece = lineWidth(current) + gap.length + lineWidth(piece);
    if (current.length > 0 && widthWithPiece > columns) {
      lines.push(current);
      current = [];
    }
    current = [...current, segment(current.length === 0 ? indent : gap), ...piece];
  }
  return current.length === 0 ? lines : [...lines, current];
}
