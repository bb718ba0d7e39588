import type { Invocation } from "../command.ts";
import { bashScript } from "../completion/bash.ts";
import { fishScript } from "../completion/fish.ts";
import { zshScript } from "../completion/zsh.ts";
import { RecordingError } from "../core/errors.ts";
import { commands } from "../verbs.ts";

/** Prints the completion script of a shell, made from the definitions that help is made from. */
export async function completion({ args, io }: Invocation): Promise<number> {
  const shell = args[0] ?? "";
  const make = Object.hasOwn(scripts, shell) ? scripts[shell as keyof typeof scripts] : undefined;
  if (make === undefined) throw new RecordingError("usage", "completion: say bash, zsh or fish.");
  io.stdout.write(make(commands));
  return 0;
}

const scripts = { bash: bashScript, zsh: zshScript, fish: fishScript } as const;
