import type { Command } from 'commander';

export interface Example {
  /** As it would be typed. */
  readonly line: string;
  /** What it does, in a few words. */
  readonly meaning: string;
}

/** Adds examples to the end of a command's help. */
export function addExamples(command: Command, examples: readonly Example[]): void {
  const width = Math.max(...examples.map((example) => example.line.length));
  const lines = examples.map((example) => `  ${example.line.padEnd(width)}  # ${example.meaning}`);
  command.addHelpText('after', `\nExamples:\n${lines.join('\n')}`);
}
