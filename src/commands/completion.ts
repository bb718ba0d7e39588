import { bashScript } from "../cli/completion/bash.ts";
import { fishScript } from "../cli/completion/fish.ts";
import { zshScript } from "../cli/completion/zsh.ts";
import type { Command } from "../cli/io.ts";
import type { CommandSpec } from "../cli/options/groups.ts";
import { RecordingError } from "../core/model/errors.ts";

/** Prints the completion script of a shell, made from the definitions of `commands` that help is made from. */
export function completionOf(commands: readonly CommandSpec[]): Command {
  return async ({ args, io }) => {
    const shell = args[0] ?? "";
    const make = Object.hasOwn(scripts, shell) ? scripts[shell as keyof typeof scripts] : undefined;
    if (make === undefined) throw new RecordingError("usage", "completion needs a shell: bash, zsh or fish.");
    io.stdout.write(make(commands));
    return 0;
  };
}

const scripts = { bash: bashScript, zsh: zshScript, fish: fishScript } as const;
