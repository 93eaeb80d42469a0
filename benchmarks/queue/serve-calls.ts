/** What a program of this folder can be asked to do, by name; see `BenchProcess.call`. */
export type Handlers = Readonly<Record<string, (argument: never) => unknown>>;

export interface CallMessage {
  readonly id: number;
  readonly name: string;
  readonly argument: unknown;
}

export type AnswerMessage =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: string };

/** Answers the calls of the process that forked this one, until it lets go. */
export function serveCalls(handlers: Handlers): void {
  const answer = (message: AnswerMessage) => void process.send?.(message);
  process.on('message', async ({ id, name, argument }: CallMessage) => {
    try {
      const handler = handlers[name] as ((argument: unknown) => unknown) | undefined;
      if (handler === undefined) throw new Error(`there is no "${name}"`);
      answer({ id, result: await handler(argument) });
    } catch (error) {
      answer({ id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
    }
  });
  // Connections may be open still: whoever measured has what it wanted.
  process.once('disconnect', () => process.exit());
}
