import { RecordingError } from "./errors.ts";

const wordPattern = /(?:[^\s"'\\]|\\.|'[^']*'|"(?:[^"\\]|\\.)*")+/gs;
const piecePattern = /\\(.)|'([^']*)'|"((?:[^"\\]|\\.)*)"/gs;

/** Splits a command into words as a shell would, with quotes and backslashes, but expands nothing. */
export function splitWords(command: string): [string, ...string[]] {
  if (command.replace(wordPattern, "").trim() !== "") {
    throw new RecordingError("usage", `A quote is never closed in the command ${command}`);
  }
  const [first, ...rest] = (command.match(wordPattern) ?? []).map(unquoted);
  if (first === undefined) throw new RecordingError("usage", "The command is empty: see --exec.");
  return [first, ...rest];
}

function unquoted(word: string): string {
  return word.replace(piecePattern, (_, escaped?: string, single?: string, double?: string) => {
    return escaped ?? single ?? double?.replace(/\\(.)/gs, "$1") ?? "";
  });
}
