import { formatCount } from '../format.js';
import type { LevelView } from './progress-view.js';
import { type StyledLine, segment } from './styled-line.js';

const BAR_COLUMNS_MIN = 6;
const BAR_COLUMNS_MAX = 40;

export interface BarGlyphs {
  readonly done: string;
  readonly running: string;
  readonly waiting: string;
}

export const UNICODE_BAR: BarGlyphs = { done: '█', running: '▒', waiting: '░' };
export const ASCII_BAR: BarGlyphs = { done: '#', running: '+', waiting: '.' };

/** A bar of exactly `columns` columns: full only when all is done, and what runs is always to be seen. */
export function renderBar(
  level: Pick<LevelView, 'jobs' | 'done' | 'running'>,
  columns: number,
  glyphs: BarGlyphs,
): StyledLine {
  const share = (jobs: number): number => (level.jobs > 0 ? (columns * jobs) / level.jobs : columns);
  let done = Math.floor(share(level.done));
  let running = level.running > 0 ? Math.max(1, Math.round(share(level.running))) : 0;
  running = Math.min(running, columns);
  done = Math.min(done, columns - running);
  return [
    segment(glyphs.done.repeat(done), 'green'),
    segment(glyphs.running.repeat(running), 'cyan'),
    segment(glyphs.waiting.repeat(columns - done - running), 'dim'),
  ];
}

/** One line a level, in aligned columns: name, bar, done of all, and where there is room running and waiting. */
export function renderLevels(levels: readonly LevelView[], columns: number, glyphs: BarGlyphs): StyledLine[] {
  const nameColumns = Math.max(0, ...levels.map((level) => level.name.length));
  const counts = levels.map((level) => `${formatCount(level.done)}/${formatCount(level.jobs)}`);
  const countColumns = Math.max(0, ...counts.map((count) => count.length));
  const details = levels.map(describeOpen);
  const detailColumns = Math.max(0, ...details.map((detail) => detail.length + 2));
  const fixedColumns = 2 + nameColumns + 2 + 2 + countColumns;
  const hasDetails = columns - fixedColumns - detailColumns >= BAR_COLUMNS_MIN;
  const free = columns - fixedColumns - (hasDetails ? detailColumns : 0);
  const barColumns = Math.min(BAR_COLUMNS_MAX, Math.max(BAR_COLUMNS_MIN, free));
  return levels.map((level, index) => [
    segment(`  ${level.name.padEnd(nameColumns)}  `, level.done === level.jobs ? 'green' : 'plain'),
    ...renderBar(level, barColumns, glyphs),
    segment(`  ${(counts[index] ?? '').padStart(countColumns)}`),
    segment(hasDetails && details[index] ? `  ${details[index]}` : '', 'dim'),
  ]);
}

function describeOpen({ running, waiting }: LevelView): string {
  const parts = [
    running > 0 ? `${formatCount(running)} running` : '',
    waiting > 0 ? `${formatCount(waiting)} waiting` : '',
  ];
  return parts.filter((part) => part !== '').join(', ');
}

/**
 * At most `linesMax` levels: finished ones are folded into one first (they come first in the tree), then those in
 * which nothing has begun, from the top of the tree down; then whatever is in the middle is left out.
 */
export function foldLevels(levels: readonly LevelView[], linesMax: number): readonly LevelView[] {
  let folded = levels;
  if (folded.length > linesMax) folded = fold(folded, (level) => level.done === level.jobs);
  if (folded.length > linesMax) folded = fold(folded, (level) => level.waiting === level.jobs);
  return folded.slice(0, Math.max(1, linesMax));
}

/** Replaces all levels that match, where there are several, by one with their sums, at the place of the first. */
function fold(levels: readonly LevelView[], matches: (level: LevelView) => boolean): readonly LevelView[] {
  const matching = levels.filter(matches);
  const first = matching[0];
  if (first === undefined || matching.length < 2) return levels;
  const sum = (count: (level: LevelView) => number): number => matching.reduce((all, level) => all + count(level), 0);
  const together: LevelView = {
    name: `${matching.length} levels`,
    jobs: sum((level) => level.jobs),
    done: sum((level) => level.done),
    running: sum((level) => level.running),
    waiting: sum((level) => level.waiting),
  };
  return levels.flatMap((level) => (level === first ? [together] : matches(level) ? [] : [level]));
}
