/** One instruction of a Dockerfile, with the arguments of the file put in. */
export interface Instruction {
  /** In capitals, as in `RUN`. */
  readonly name: string;
  /** All behind the name, its lines joined. */
  readonly text: string;
}

export interface Stage {
  readonly base: string;
  readonly name: string | undefined;
  readonly instructions: readonly Instruction[];
}

/**
 * The stages of a Dockerfile. Knows comments, lines that go on, and `${NAME}` of an `ARG` with a default before the first
 * stage, in `FROM`: all that ours has. https://docs.docker.com/reference/dockerfile/
 */
export function parseDockerfile(text: string): readonly Stage[] {
  const lines = text
    .split('\n')
    .filter((line) => !/^\s*#/.test(line))
    .join('\n')
    .replace(/\s*\\\n\s*/g, ' ')
    .split('\n')
    .filter((line) => line.trim() !== '');
  const args = new Map<string, string>();
  const stages: { base: string; name: string | undefined; instructions: Instruction[] }[] = [];
  for (const line of lines) {
    const [, word = '', rest = ''] = /^\s*(\w+)\s+(.*)$/.exec(line) ?? [];
    const instruction = { name: word.toUpperCase(), text: rest.trim() };
    const stage = stages.at(-1);
    if (instruction.name === 'FROM') {
      const [, base = '', name] = /^(\S+)(?:\s+AS\s+(\S+))?$/i.exec(instruction.text) ?? [];
      stages.push({
        base: base.replace(/\$\{(\w+)\}/g, (_, arg: string) => args.get(arg) ?? ''),
        name,
        instructions: [],
      });
    } else if (stage !== undefined) stage.instructions.push(instruction);
    else if (instruction.name === 'ARG') {
      const [name = '', value = ''] = instruction.text.split('=', 2);
      args.set(name, value);
    } else throw new Error(`${instruction.name} stands before the first FROM`);
  }
  return stages;
}

export interface Copy {
  /** undefined: from the context. */
  readonly from: string | undefined;
  readonly sources: readonly string[];
  readonly target: string;
}

/** What a `COPY` copies. */
export function parseCopy(text: string): Copy {
  const words = text.split(/\s+/);
  const from = words[0]?.startsWith('--from=') ? words.shift()?.slice('--from='.length) : undefined;
  const target = words.pop() ?? '';
  return { from, sources: words, target };
}

/** Whether a `.dockerignore` keeps a path, given with `/`, out of the context: the last pattern that matches it or a folder above counts. */
export function isIgnored(patterns: readonly string[], path: string): boolean {
  const parts = path.split('/');
  const prefixes = parts.map((_, i) => parts.slice(0, i + 1).join('/'));
  return patterns.reduce((ignored, pattern) => {
    const negated = pattern.startsWith('!');
    const regex = globOf(negated ? pattern.slice(1) : pattern);
    return prefixes.some((prefix) => regex.test(prefix)) ? !negated : ignored;
  }, false);
}

/** `*` within one name, and `**` over folders. */
function globOf(pattern: string): RegExp {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replace(/\*\*\/|\*/g, (star) => (star === '*' ? '[^/]*' : '(?:.*/)?'));
  return new RegExp(`^${source}$`);
}

/** The patterns of a `.dockerignore`. */
export function parseIgnore(text: string): readonly string[] {
  return text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
}
