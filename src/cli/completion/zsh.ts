import type { CommandSpec } from "../options/groups.ts";
import { type Flag, flagsOf, quoted } from "./flags.ts";

/** The completion script for zsh, to be sourced or to lie in $fpath as _callreel. */
export function zshScript(commands: readonly CommandSpec[]): string {
  return `#compdef callreel
# zsh completion for callreel; load it after compinit with: source <(callreel completion zsh)
_callreel() {
  local -a verbs
  verbs=(
${commands.map((spec) => `    '${spec.name}:${quoted(spec.summary)}'`).join("\n")}
    'help:show help for a command'
  )
  if (( CURRENT == 2 )) || [[ $words[2] == help ]]; then
    _describe 'command' verbs
    return
  fi
  local verb=$words[2]
  shift words
  (( CURRENT-- ))
  case $verb in
${commands.map(verbCase).join("\n")}
  esac
}
if [[ $funcstack[1] == _callreel ]]; then _callreel "$@"; else compdef _callreel callreel; fi
`;
}

function verbCase(spec: CommandSpec): string {
  const lines = [
    ...flagsOf(spec).map(flagSpec),
    ...(spec.words ?? []).map((each, at) => `'${at + 1}:word:(${each.join(" ")})'`),
    "'*:file:_files'",
  ];
  return `    ${spec.name})\n      _arguments -s \\\n${lines.map((line) => `        ${line}`).join(" \\\n")}\n      ;;`;
}

function flagSpec({ long, short, takesValue, file, repeatable, choices, help }: Flag): string {
  const values = choices.length > 0 ? `(${choices.join(" ")})` : file ? "_files" : " ";
  const tail = `[${quoted(help).replaceAll(/[[\]]/g, "\\$&")}]${takesValue ? `:value:${values}` : ""}'`;
  const equals = takesValue ? "=" : "";
  if (short === undefined) return `'${repeatable ? "*" : ""}--${long}${equals}${tail}`;
  const before = repeatable ? "'*'" : `'(-${short} --${long})'`;
  return `${before}{-${short},--${long}${equals}}'${tail}`;
}
