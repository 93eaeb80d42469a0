import {
  allCommands,
  type CommandNode,
  flagsOf,
  idsAfter,
  type OptionNode,
  shellQuote,
  takesFiles,
  wordsAfter,
} from './command-node.js';

/** Completion for zsh, with descriptions. It works when sourced after `compinit`, and as a file on `fpath`. */
export function zshCompletion(root: CommandNode): string {
  const nodes = allCommands(root);
  return `#compdef espalier
# zsh completion of espalier; load it after compinit with: source <(espalier completion zsh)
_espalier() {
  local at='' ids='' word prev=\${words[CURRENT-1]} i
  local -a followers options
  for ((i = 2; i < CURRENT; i++)); do
    word=\${words[i]}
    case "\${at:+$at }$word" in
      (${knownPaths(nodes)}) at="\${at:+$at }$word" ;;
    esac
  done
  case "$at $prev" in
${valueCases(nodes)}
  esac
  case "$at" in
${nodes.map(commandCase).join('\n')}
  esac
  if [[ \${words[CURRENT]} == -* ]]; then
    _describe -o option options
  elif (( \${#followers} )); then
    _describe word followers
  elif [[ -n $ids ]]; then
    compadd -- \${(f)"$(espalier ids $ids "\${(@)words[2,-1]}" 2>/dev/null)"}
  fi
}
if [[ \${funcstack[1]} == _espalier ]]; then _espalier "$@"; else compdef _espalier espalier; fi
`;
}

function knownPaths(nodes: readonly CommandNode[]): string {
  const paths = nodes.filter((node) => node.path.length > 0).map((node) => shellQuote(node.path.join(' ')));
  return paths.join('|');
}

function valueCases(nodes: readonly CommandNode[]): string {
  const lines = nodes.flatMap((node) =>
    node.options
      .filter((option) => option.takesValue)
      .map((option) => {
        const patterns = flagsOf(option).map((flag) => shellQuote(`${node.path.join(' ')} ${flag}`));
        const offer = option.choices.length > 0 ? `compadd -- ${option.choices.map(shellQuote).join(' ')}` : '_files';
        return `    (${patterns.join('|')}) ${offer}; return ;;`;
      }),
  );
  return lines.join('\n');
}

function commandCase(node: CommandNode): string {
  const descriptions = new Map(node.children.map((child) => [child.path.at(-1) ?? '', child.description]));
  const followers = wordsAfter(node).map((word) => described(word, descriptions.get(word) ?? ''));
  const options = node.options.flatMap((option) => optionEntries(option));
  const files = takesFiles(node) ? ` [[ \${words[CURRENT]} == -* ]] || _files;` : '';
  const kind = idsAfter(node);
  const ids = kind === undefined ? '' : ` ids=${kind};`;
  return `    (${shellQuote(node.path.join(' '))}) followers=(${followers.join(' ')}); options=(${options.join(' ')});${files}${ids} ;;`;
}

function optionEntries(option: OptionNode): readonly string[] {
  return flagsOf(option).map((flag) => described(flag, option.description));
}

/** `word:description` for `_describe`, in which a colon of the word itself is escaped. */
function described(word: string, description: string): string {
  const escaped = word.replaceAll(':', '\\:');
  return shellQuote(description === '' ? escaped : `${escaped}:${description}`);
}
