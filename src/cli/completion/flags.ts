import { type CommandSpec, groups } from "../options/groups.ts";
import type { OptionSpec } from "../options/option.ts";

/** What a shell needs to know of one flag. */
export interface Flag {
  readonly long: string;
  readonly short: string | undefined;
  readonly takesValue: boolean;
  readonly file: boolean;
  readonly repeatable: boolean;
  readonly choices: readonly string[];
  readonly help: string;
}

/** Every flag that a verb takes. */
export function flagsOf(spec: CommandSpec): Flag[] {
  const options = [...spec.groups, groups.global].flatMap((group) => Object.values<OptionSpec<unknown>>(group.options));
  return [...options.filter((option) => !option.secret).map(flagOf), help];
}

function flagOf(option: OptionSpec<unknown>): Flag {
  return {
    long: /--([\w-]+)/.exec(option.flags)?.[1] ?? "",
    short: /^-(\w),/.exec(option.flags)?.[1],
    takesValue: option.flags.includes("<"),
    file: /<(file|dir|path)>/.test(option.flags),
    repeatable: option.kind === "list" || option.kind === "count",
    choices: option.choices ?? [],
    help: option.help,
  };
}

const help: Flag = {
  long: "help",
  short: "h",
  takesValue: false,
  file: false,
  repeatable: false,
  choices: [],
  help: "show help",
};

/** Text for between single quotes of every one of the shells. */
export function quoted(text: string): string {
  return text.replaceAll("'", "’").replaceAll("\\", "\\\\");
}
