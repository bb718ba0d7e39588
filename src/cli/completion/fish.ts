import type { CommandSpec } from "../options/groups.ts";
import { type Flag, flagsOf, quoted } from "./flags.ts";

/** The completion script for fish. */
export function fishScript(commands: readonly CommandSpec[]): string {
  const names = commands.map((spec) => spec.name).join(" ");
  return `# fish completion for callreel; load it with: callreel completion fish | source
function __callreel_verb
    set -l typed (commandline -opc)
    test "$typed[2]" = "$argv[1]"; and begin
        test (count $argv) -eq 1; or test (count $typed) -eq $argv[2]
    end
end
${commands.map(verbLine).join("\n")}
complete -c callreel -n __fish_use_subcommand -f -a help -d 'show help for a command'
complete -c callreel -n '__callreel_verb help' -f -a '${names}'
${commands.flatMap((spec) => [...wordLines(spec), ...flagsOf(spec).map((flag) => flagLine(spec.name, flag))]).join("\n")}
`;
}

function verbLine({ name, summary }: CommandSpec): string {
  return `complete -c callreel -n __fish_use_subcommand -f -a ${name} -d '${quoted(summary)}'`;
}

function wordLines({ name, words = [] }: CommandSpec): string[] {
  return words.map(
    (each, at) => `complete -c callreel -n '__callreel_verb ${name} ${at + 2}' -f -a '${each.join(" ")}'`,
  );
}

function flagLine(verb: string, { long, short, takesValue, file, choices, help }: Flag): string {
  const parts = [`complete -c callreel -n '__callreel_verb ${verb}' -l ${long}`];
  if (short !== undefined) parts.push(`-s ${short}`);
  if (takesValue) parts.push(file ? "-r" : "-x");
  if (choices.length > 0) parts.push(`-a '${choices.join(" ")}'`);
  return `${parts.join(" ")} -d '${quoted(help)}'`;
}
