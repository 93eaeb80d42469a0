import {
  allCommands,
  type CommandNode,
  flagsOf,
  idsAfter,
  shellQuote,
  takesFiles,
  wordsAfter,
} from './command-node.js';

/**
 * Completion for bash. The function finds the command that the words so far name, and offers what may follow it;
 * an empty answer lets readline offer files (`-o default`).
 */
export function bashCompletion(root: CommandNode): string {
  const nodes = allCommands(root);
  return `# bash completion of espalier; load it with: eval "$(espalier completion bash)"
_espalier() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD - 1]} at='' word i
  local options='' words='' files='' ids=''
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    case "\${at:+$at }$word" in
      ${knownPaths(nodes)}) at="\${at:+$at }$word" ;;
    esac
  done
  case "$at $prev" in
${valueCases(nodes)}
  esac
  case "$at" in
${nodes.map(commandCase).join('\n')}
  esac
  if [[ $cur == -* ]]; then
    COMPREPLY=($(compgen -W "$options" -- "$cur"))
  elif [[ -n $words ]]; then
    COMPREPLY=($(compgen -W "$words" -- "$cur"))
  elif [[ -n $ids ]]; then
    COMPREPLY=($(compgen -W "$(espalier ids "$ids" "\${COMP_WORDS[@]:1}" 2>/dev/null)" -- "$cur"))
    compopt +o default 2>/dev/null
  elif [[ -z $files ]]; then
    COMPREPLY=()
    compopt +o default 2>/dev/null
  fi
}
complete -o default -F _espalier espalier
`;
}

function knownPaths(nodes: readonly CommandNode[]): string {
  const paths = nodes.filter((node) => node.path.length > 0).map((node) => shellQuote(node.path.join(' ')));
  return paths.join(' | ');
}

/** After an option that takes a value: its choices, else files. */
function valueCases(nodes: readonly CommandNode[]): string {
  const lines = nodes.flatMap((node) =>
    node.options
      .filter((option) => option.takesValue)
      .map((option) => {
        const patterns = flagsOf(option).map((flag) => shellQuote(`${node.path.join(' ')} ${flag}`));
        const reply = `COMPREPLY=($(compgen -W ${shellQuote(option.choices.join(' '))} -- "$cur"))`;
        return `    ${patterns.join(' | ')}) ${option.choices.length > 0 ? reply : 'COMPREPLY=()'}; return ;;`;
      }),
  );
  return lines.join('\n');
}

function commandCase(node: CommandNode): string {
  const options = node.options.flatMap(flagsOf).join(' ');
  const words = wordsAfter(node).join(' ');
  const files = takesFiles(node) ? ' files=1' : '';
  const kind = idsAfter(node);
  const ids = kind === undefined ? '' : ` ids=${kind}`;
  return `    ${shellQuote(node.path.join(' '))}) options=${shellQuote(options)} words=${shellQuote(words)}${files}${ids} ;;`;
}
