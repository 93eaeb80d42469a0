import { Argument } from 'commander';

/** What a server knows by an id that is tedious to type. */
export const ID_KINDS = ['blocks', 'workers'] as const;
export type IdKind = (typeof ID_KINDS)[number];

const kinds = new WeakMap<Argument, IdKind>();

/** An argument that is an id; shells are offered those that the server knows. */
export function idArgument(kind: IdKind, name: string, description: string): Argument {
  const argument = new Argument(name, description);
  kinds.set(argument, kind);
  return argument;
}

/** The id of a block, as every command takes it. `name`: as in `<block>` or `[block]`. */
export function blockArgument(name = '<block>'): Argument {
  return idArgument('blocks', name, 'id of a block, or its first 6 or more digits');
}

/** undefined for an argument that is no id. */
export function idKindOf(argument: Argument): IdKind | undefined {
  return kinds.get(argument);
}
