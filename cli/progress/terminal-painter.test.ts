import { describe, expect, it } from 'vitest';
import { TestTerminal } from '../testing/test-terminal.js';
import { TerminalPainter } from './terminal-painter.js';

function open(columns = 20, rows = 10) {
  const terminal = new TestTerminal(columns, rows);
  return { terminal, painter: new TerminalPainter(terminal) };
}

describe('TerminalPainter', () => {
  it('replaces the frame where it stands, shorter or longer', () => {
    const { terminal, painter } = open();
    terminal.write('$ espalier prove\n');
    painter.paint(['one', 'two', 'three']);
    painter.paint(['1', 'two more']);
    expect(terminal.lines()).toEqual(['$ espalier prove', '1', 'two more']);
    painter.paint(['a', 'b', 'c', 'd']);
    expect(terminal.lines()).toEqual(['$ espalier prove', 'a', 'b', 'c', 'd']);
  });

  it('keeps lines printed above, of any length, and scrolls', () => {
    const { terminal, painter } = open(10, 5);
    painter.paint(['frame 1', 'frame 2']);
    for (const line of ['w1', 'a warning of 23 columns', 'w3']) painter.printAbove([line], ['frame 1', 'frame 2']);
    expect(terminal.everything()).toEqual(['w1', 'a warning', 'of 23 colu', 'mns', 'w3', 'frame 1', 'frame 2']);
  });

  it('writes nothing for the same frame again', () => {
    const { terminal, painter } = open();
    painter.paint(['same']);
    const written = terminal.written.length;
    painter.paint(['same']);
    expect(terminal.written.length).toBe(written);
  });

  it('never wraps a line of the frame', () => {
    const { terminal, painter } = open(8);
    painter.paint(['a line too long', 'next']);
    painter.paint(['a line too long', 'next!']);
    expect(terminal.lines()).toEqual(['a line g', 'next!']);
  });

  it('leaves no remains when the window becomes narrower and wraps the last frame', () => {
    const { terminal, painter } = open(20, 12);
    terminal.write('$ before\n');
    painter.paint(['x'.repeat(18), 'y'.repeat(7)]);
    terminal.resize(6);
    expect(terminal.lines()).toEqual(['$ befo', 're', 'xxxxxx', 'xxxxxx', 'xxxxxx', 'yyyyyy', 'y']);
    painter.paint(['xxxxx', 'yyyyy']);
    expect(terminal.lines()).toEqual(['$ befo', 're', 'xxxxx', 'yyyyy']);
  });

  it('hides the cursor while it is open, and gives it back once', () => {
    const { terminal, painter } = open();
    painter.close();
    expect(terminal.written).toBe('');
    painter.paint(['a']);
    expect(terminal.isCursorVisible).toBe(false);
    painter.close();
    painter.close();
    expect(terminal.isCursorVisible).toBe(true);
    terminal.write('after\n');
    expect(terminal.lines()).toEqual(['a', 'after']);
    expect(terminal.written.split('\u001b[?25h')).toHaveLength(2);
  });
});
