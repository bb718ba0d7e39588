import { setMaxListeners } from "node:events";
import { readFileSync } from "node:fs";
import { version } from "../platform/version.ts";
import type { Io } from "./io.ts";
import { processIo } from "./process-io.ts";

/** Runs the program in this process and leaves its exit code behind. */
export async function run(): Promise<void> {
  // Every transfer listens to the run's signals; Node warns at eleven.
  setMaxListeners(1000);
  const io = processIo();
  const argv = process.argv.slice(2);
  const ready = readyAnswer(argv, io.stdout);
  if (ready !== undefined) io.stdout.write(ready);
  const code = ready === undefined ? await runCommand(argv, io) : 0;
  await io.flush();
  process.exit(code);
}

async function runCommand(argv: readonly string[], io: Io): Promise<number> {
  return (await import("./program.ts")).main(argv, io);
}

/** Where the build writes help: the program's page, and one of each command. */
export const helpFolder = new URL("../../dist/help/", import.meta.url);

/** How wide the written pages are: as help is where stdout is no terminal. */
const pageWidth = 80;

/**
 * What can be told without the parser and the options, which take longer to load than to use: `--version`, and help
 * from the pages that the build wrote, where they are as wide as stdout. Undefined for everything else.
 */
export function readyAnswer(
  argv: readonly string[],
  { isTTY, columns }: Pick<Io["stdout"], "isTTY" | "columns">,
): string | undefined {
  if (argv.length === 1 && argv[0] === "--version") return `${version()}\n`;
  const isAsWide = !isTTY || columns === pageWidth;
  return isAsWide ? readPage(pageFor(argv)) : undefined;
}

/** The page of `help`, `--help`, `-h`, `help COMMAND`, `COMMAND --help` and `COMMAND -h`; of these words alone. */
function pageFor([first = "", second, ...others]: readonly string[]): string | undefined {
  if (others.length > 0) return undefined;
  const isFlag = (word: string | undefined) => word === "--help" || word === "-h";
  if (second === undefined) return first === "help" || isFlag(first) ? pageName(undefined, first === "-h") : undefined;
  if (first === "help") return pageName(second);
  return isFlag(second) ? pageName(first, second === "-h") : undefined;
}

/** The file of a command's page, or of the program's, in short or whole; undefined for a word that no command is called by. */
export function pageName(command?: string, brief = false): string | undefined {
  const end = brief ? ".brief.txt" : ".txt";
  if (command === undefined) return `callreel${end}`;
  return /^[a-z]+$/.test(command) ? `callreel-${command}${end}` : undefined;
}

function readPage(name: string | undefined): string | undefined {
  if (name === undefined) return undefined;
  try {
    return readFileSync(new URL(name, helpFolder), "utf8");
  } catch {
    return undefined;
  }
}
