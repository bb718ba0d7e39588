import type { CommandSpec } from "../options/groups.ts";
import { flagsOf } from "./flags.ts";

/** The completion script for bash; what it has no words for, bash completes as file names. */
export function bashScript(commands: readonly CommandSpec[]): string {
  const names = commands.map((spec) => spec.name).join(" ");
  return `# bash completion for callreel; load it with: source <(callreel completion bash)
_callreel() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} flags="" words=""
  # Bash takes --flag=value apart at the equals sign.
  if [ "$cur" = "=" ]; then cur=""; elif [ "$prev" = "=" ]; then prev=\${COMP_WORDS[COMP_CWORD-2]}; fi
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "${names} help --help --version" -- "$cur"))
    return
  fi
  case "\${COMP_WORDS[1]} $prev" in
${commands.flatMap(valueCases).join("\n")}
  esac
  case "\${COMP_WORDS[1]}" in
${commands.map(flagCase).join("\n")}
    help) words="${names}" ;;
  esac
  case "\${COMP_WORDS[1]} $COMP_CWORD" in
${commands.flatMap(wordCases).join("\n")}
  esac
  case "$cur" in
    -*) COMPREPLY=($(compgen -W "$flags" -- "$cur")) ;;
    *) COMPREPLY=($(compgen -W "$words" -- "$cur")) ;;
  esac
}
complete -o default -F _callreel callreel
`;
}

/** After a flag with a value: its choices, or nothing, which makes bash offer files. */
function valueCases(spec: CommandSpec): string[] {
  return flagsOf(spec)
    .filter((flag) => flag.takesValue)
    .map(({ long, short, choices }) => {
      const names = [`"${spec.name} --${long}"`, ...(short === undefined ? [] : [`"${spec.name} -${short}"`])];
      const reply = choices.length === 0 ? "" : `COMPREPLY=($(compgen -W "${choices.join(" ")}" -- "$cur")); `;
      return `    ${names.join("|")}) ${reply}return ;;`;
    });
}

function flagCase(spec: CommandSpec): string {
  return `    ${spec.name}) flags="${flagsOf(spec)
    .map((flag) => `--${flag.long}`)
    .join(" ")}" ;;`;
}

function wordCases({ name, words = [] }: CommandSpec): string[] {
  return words.map((each, at) => `    "${name} ${at + 2}") words="${each.join(" ")}" ;;`);
}
