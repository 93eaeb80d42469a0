import { allCommands, type CommandNode, idsAfter, type OptionNode, takesFiles, wordsAfter } from './command-node.js';

/** Completion for fish, with descriptions. */
export function fishCompletion(root: CommandNode): string {
  const nodes = allCommands(root);
  const known = nodes.filter((node) => node.path.length > 0).map((node) => fishQuote(node.path.join(' ')));
  return `# fish completion of espalier; keep it as ~/.config/fish/completions/espalier.fish
function __espalier_at --description 'whether the words so far name this command'
  set -l at
  set -l words (commandline -opc)
  for word in $words[2..-1]
    if contains -- (string join ' ' -- $at $word) ${known.join(' ')}
      set -a at $word
    end
  end
  test (string join ' ' -- x $at) = (string join ' ' -- x $argv)
end
complete -c espalier -f
${nodes.flatMap(commandLines).join('\n')}
`;
}

function commandLines(node: CommandNode): readonly string[] {
  const start = `complete -c espalier -n ${fishQuote(['__espalier_at', ...node.path].join(' '))}`;
  const descriptions = new Map(node.children.map((child) => [child.path.at(-1) ?? '', child.description]));
  const kind = idsAfter(node);
  return [
    ...wordsAfter(node).map((word) => `${start} -a ${fishQuote(word)}${described(descriptions.get(word) ?? '')}`),
    ...(takesFiles(node) ? [`${start} -F`] : []),
    ...(kind === undefined ? [] : [`${start} -a '(espalier ids ${kind} (commandline -opc)[2..-1] 2>/dev/null)'`]),
    ...node.options.map((option) => `${start}${optionFlags(option)}${described(option.description)}`),
  ];
}

function optionFlags(option: OptionNode): string {
  const short = option.short === undefined ? '' : ` -s ${option.short.slice(1)}`;
  const long = option.long === undefined ? '' : ` -l ${option.long.slice(2)}`;
  if (!option.takesValue) return short + long;
  const value = option.choices.length > 0 ? ` -x -a ${fishQuote(option.choices.join(' '))}` : ' -r -F';
  return short + long + value;
}

function described(description: string): string {
  return description === '' ? '' : ` -d ${fishQuote(description)}`;
}

/** A word in single quotes, in which fish knows the escapes \\\\ and \\'. */
function fishQuote(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
