import type { Invocation } from "../command.ts";
import { RecordingError } from "../core/errors.ts";
import { type CommandSpec, groups } from "../options/commands.ts";
import type { OptionSpec } from "../options/option.ts";
import { commands } from "../verbs.ts";

/** Prints the completion script of a shell, made from the definitions that help is made from. */
export async function completion({ args, io }: Invocation): Promise<number> {
  const shell = args[0] ?? "";
  const make = Object.hasOwn(scripts, shell) ? scripts[shell as keyof typeof scripts] : undefined;
  if (make === undefined) throw new RecordingError("usage", "completion: say bash, zsh or fish.");
  io.stdout.write(make());
  return 0;
}

const scripts = { bash: bashScript, zsh: zshScript, fish: fishScript } as const;

interface Flag {
  readonly long: string;
  readonly short: string | undefined;
  readonly takesValue: boolean;
  readonly file: boolean;
  readonly choices: readonly string[];
  readonly help: string;
}

function flagsOf(spec: CommandSpec): Flag[] {
  const options = [...spec.groups, groups.global].flatMap((group) => Object.values<OptionSpec<unknown>>(group.options));
  return options.filter((option) => !option.secret).map(flagOf);
}

function flagOf(option: OptionSpec<unknown>): Flag {
  return {
    long: /--([\w-]+)/.exec(option.flags)?.[1] ?? "",
    short: /^-(\w),/.exec(option.flags)?.[1],
    takesValue: option.flags.includes("<"),
    file: /<(file|dir|path)>/.test(option.flags),
    choices: option.choices ?? [],
    help: option.help,
  };
}

function bashScript(): string {
  const cases = commands.map((spec) => {
    const words = flagsOf(spec).map((flag) => `--${flag.long}`);
    return `    ${spec.name}) words="${words.join(" ")}" ;;`;
  });
  const values = uniqueFlags().flatMap(({ long, choices, file }) => {
    if (choices.length > 0)
      return [`    --${long}) COMPREPLY=($(compgen -W "${choices.join(" ")}" -- "$cur")); return ;;`];
    return file ? [`    --${long}) COMPREPLY=($(compgen -f -- "$cur")); return ;;`] : [];
  });
  return `# bash completion for callreel; load it with: source <(callreel completion bash)
_callreel() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} words=""
  case "$prev" in
${values.join("\n")}
  esac
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "${commands.map((spec) => spec.name).join(" ")} help" -- "$cur"))
    return
  fi
  case "\${COMP_WORDS[1]}" in
${cases.join("\n")}
  esac
  case "$cur" in
    -*) COMPREPLY=($(compgen -W "$words --help" -- "$cur")) ;;
    *) COMPREPLY=($(compgen -f -- "$cur")) ;;
  esac
}
complete -F _callreel callreel
`;
}

function uniqueFlags(): Flag[] {
  return [...new Map(commands.flatMap(flagsOf).map((flag) => [flag.long, flag])).values()];
}

function zshScript(): string {
  const verbs = commands.map((spec) => `    '${spec.name}:${quoted(spec.summary)}'`);
  const cases = commands.map((spec) => {
    const lines = flagsOf(spec).map((flag) => `        ${zshFlag(flag)}`);
    return `    ${spec.name})\n      _arguments \\\n${lines.join(" \\\n")} \\\n        '*:file:_files'\n      ;;`;
  });
  return `#compdef callreel
# zsh completion for callreel; load it with: source <(callreel completion zsh)
_callreel() {
  local -a verbs
  verbs=(
${verbs.join("\n")}
  )
  if (( CURRENT == 2 )); then
    _describe 'command' verbs
    return
  fi
  local verb=$words[2]
  shift words
  (( CURRENT-- ))
  case $verb in
${cases.join("\n")}
  esac
}
compdef _callreel callreel
`;
}

function zshFlag({ long, short, takesValue, file, choices, help }: Flag): string {
  const action =
    choices.length > 0 ? `:value:(${choices.join(" ")})` : file ? ":file:_files" : takesValue ? ":value: " : "";
  const names = short === undefined ? `'--${long}` : `{-${short},--${long}}'`;
  return `${names}[${quoted(help).replaceAll("[", "\\[").replaceAll("]", "\\]")}]${action}'`;
}

function fishScript(): string {
  const verbs = commands.map(
    (spec) => `complete -c callreel -n __fish_use_subcommand -f -a ${spec.name} -d '${quoted(spec.summary)}'`,
  );
  const flags = commands.flatMap((spec) => flagsOf(spec).map((flag) => fishFlag(spec.name, flag)));
  return `# fish completion for callreel; load it with: callreel completion fish | source\n${[...verbs, ...flags].join("\n")}\n`;
}

function fishFlag(verb: string, { long, short, takesValue, file, choices, help }: Flag): string {
  const parts = [`complete -c callreel -n '__fish_seen_subcommand_from ${verb}' -l ${long}`];
  if (short !== undefined) parts.push(`-s ${short}`);
  if (takesValue) parts.push(file ? "-r" : "-x");
  if (choices.length > 0) parts.push(`-a '${choices.join(" ")}'`);
  return `${parts.join(" ")} -d '${quoted(help)}'`;
}

/** Inside single quotes of every one of the shells. */
function quoted(text: string): string {
  return text.replaceAll("'", "’").replaceAll("\\", "\\\\");
}
