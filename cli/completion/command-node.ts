import type { Command, Option } from 'commander';
import { type IdKind, idKindOf } from './id-argument.js';

/** A command as completion sees it. */
export interface CommandNode {
  /** Words from below the program down to this command: empty for the program itself, `['srs', 'fetch']`. */
  readonly path: readonly string[];
  readonly description: string;
  readonly options: readonly OptionNode[];
  readonly arguments: readonly ArgumentNode[];
  readonly children: readonly CommandNode[];
}

export interface OptionNode {
  readonly short: string | undefined;
  readonly long: string | undefined;
  readonly description: string;
  readonly takesValue: boolean;
  /** Empty when the value is free. */
  readonly choices: readonly string[];
}

export interface ArgumentNode {
  /** Empty when it is free, and then files are offered, or ids. */
  readonly choices: readonly string[];
  /** Of which kind, where it is an id that a server knows. */
  readonly ids: IdKind | undefined;
}

/** The visible commands of a program, as a tree. */
export function describeCommands(program: Command): CommandNode {
  return describe(program, [], program.options);
}

function describe(command: Command, path: readonly string[], globalOptions: readonly Option[]): CommandNode {
  const help = command.createHelp();
  const own = help.visibleOptions(command);
  // Options of the program are taken after a sub-command too; its `--version` means nothing there.
  const inherited = globalOptions.filter((option) => option.long !== '--version' && !own.includes(option));
  return {
    path,
    description: command.description(),
    options: [...own, ...inherited].map(describeOption),
    arguments: command.registeredArguments.map((argument) => ({
      choices: argument.argChoices ?? [],
      ids: idKindOf(argument),
    })),
    children: help
      .visibleCommands(command)
      .filter((child) => child.name() !== 'help')
      .map((child) => describe(child, [...path, child.name()], globalOptions)),
  };
}

function describeOption(option: Option): OptionNode {
  return {
    short: option.short,
    long: option.long,
    description: option.description,
    takesValue: option.required || option.optional,
    choices: option.argChoices ?? [],
  };
}

/** Every node of the tree, parents first. */
export function allCommands(node: CommandNode): readonly CommandNode[] {
  return [node, ...node.children.flatMap(allCommands)];
}

/** The words that may stand after a command: its sub-commands, else what its arguments may be. */
export function wordsAfter(node: CommandNode): readonly string[] {
  if (node.children.length > 0) return node.children.map((child) => child.path.at(-1) ?? '');
  return node.arguments.flatMap((argument) => argument.choices);
}

/** Whether a file may stand after a command. */
export function takesFiles(node: CommandNode): boolean {
  return node.arguments.some(({ choices, ids }) => choices.length === 0 && ids === undefined);
}

/** The kind of ids that may stand after a command, if any. */
export function idsAfter(node: CommandNode): IdKind | undefined {
  return node.arguments.find(({ ids }) => ids !== undefined)?.ids;
}

export function flagsOf(option: OptionNode): readonly string[] {
  return [option.short, option.long].filter((flag) => flag !== undefined);
}

/** A word in single quotes, safe in bash and zsh. */
export function shellQuote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
