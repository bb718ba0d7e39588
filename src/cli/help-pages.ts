/*
 * Help is written when the program is built: the parser and its options take longer to load than to use. In a
 * terminal that is not 80 columns wide the parser lays it out anew; a test holds the two together.
 */

import { mkdirSync, writeFileSync } from "node:fs";
import { Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { commands } from "./commands.ts";
import type { Io } from "./io.ts";
import { processIo } from "./process-io.ts";
import { main } from "./program.ts";
import { helpFolder, pageName } from "./start.ts";

/** Help as the program prints it where stdout is no terminal: the program's own, or a command's; in short or whole. */
async function helpPage(command: string | undefined, brief: boolean, io: Io): Promise<string> {
  const written: string[] = [];
  const stdout = new Writable({
    write(chunk, _encoding, done) {
      written.push(String(chunk));
      done();
    },
  });
  await main([...(command === undefined ? [] : [command]), brief ? "-h" : "--help"], { ...io, stdout });
  return written.join("");
}

/** Writes every page where `readyAnswer` looks for them; a step of the build. */
async function writeHelpPages(): Promise<void> {
  const io = processIo();
  mkdirSync(helpFolder, { recursive: true });
  for (const name of [undefined, ...commands.map((spec) => spec.name)]) {
    for (const brief of [false, true]) {
      writeFileSync(new URL(pageName(name, brief) as string, helpFolder), await helpPage(name, brief, io));
    }
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await writeHelpPages();
