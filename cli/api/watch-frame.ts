import type { BlockView } from '../../proto/index.js';
import { formatCount } from '../format.js';
import { ASCII_BAR, foldLevels, renderBar, renderLevels, UNICODE_BAR } from '../progress/render-levels.js';
import { type StyledLine, segment } from '../progress/styled-line.js';
import { oneLine } from '../report-error.js';
import { shortId } from './render-blocks.js';
import { demandText, isAllProven, landingText, latenessText } from './render-forecast.js';

export interface FrameOptions {
  readonly nowMs: number;
  readonly columns: number;
  readonly rows: number;
  readonly unicode: boolean;
  /** What is said aside, such as that the server is away; null: nothing. */
  readonly notice: string | null;
}

const BAR_COLUMNS = 24;
/** Lines beside the levels: head, landing, lateness, demand of three classes, notice, and one of the terminal's own. */
const OTHER_ROWS = 8;
const LEVEL_ROWS_MIN = 2;

/** What `espalier watch` paints of a block, from top to bottom. */
export function watchFrame(block: BlockView, options: FrameOptions): readonly StyledLine[] {
  const { columns, rows, unicode, notice, nowMs } = options;
  const glyphs = unicode ? UNICODE_BAR : ASCII_BAR;
  const head = [segment(shortId(block.blockId), 'bold'), segment(`  ${block.state}`)];
  const noticed: StyledLine[] = notice === null ? [] : [[segment(`  ${oneLine(notice)}`, 'yellow')]];
  if (block.jobs === 0 || block.levels.length === 0) return [head, ...noticed];
  const counts = `  ${formatCount(block.done)}/${formatCount(block.jobs)}  ${formatCount(block.running)} running`;
  const owner = block.owner === null ? '' : `  ${oneLine(block.owner)}`;
  const levels = block.levels.map((level) => ({
    ...level,
    name: oneLine(level.name),
    waiting: level.jobs - level.done - level.running,
  }));
  return [
    [...head, segment('  '), ...renderBar(block, BAR_COLUMNS, glyphs), segment(counts), segment(owner, 'dim')],
    ...renderLevels(foldLevels(levels, Math.max(LEVEL_ROWS_MIN, rows - OTHER_ROWS)), columns, glyphs),
    ...(isAllProven(block) ? [] : forecastLines(block, nowMs)),
    ...noticed,
  ];
}

function forecastLines(block: BlockView, nowMs: number): readonly StyledLine[] {
  const late = latenessText(block.forecast);
  return [
    [segment('  root '), segment(landingText(block, nowMs), late === null ? 'plain' : 'yellow')],
    ...(late === null ? [] : [[segment('  LATE: ', 'alarm'), segment(late, 'yellow')]]),
    ...(block.forecast?.demand ?? []).map((demand) => [segment(`  ${demandText(demand)}`, 'dim')]),
  ];
}
