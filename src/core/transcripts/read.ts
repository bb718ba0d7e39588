import { jsonLines } from "./json-lines.ts";
import { lineOf, type SpokenLine } from "./line.ts";
import type { TranscriptExtension } from "./names.ts";
import { hasCues, subtitleLines } from "./subtitles.ts";

/** What a transcript says, in its own order. Never throws: of what is no transcript the words are read as they stand. */
export function readTranscript(extension: TranscriptExtension, bytes: Uint8Array): readonly SpokenLine[] {
  const text = decoded(bytes).replace(/\r\n?/g, "\n");
  if (extension === "json") return jsonLines(text);
  if (extension !== "txt" || hasCues(text)) {
    const lines = subtitleLines(text);
    if (lines.length > 0 || extension === "vtt") return lines;
  }
  return text.split("\n").flatMap((line) => lineOf(line) ?? []);
}

/** By its mark; without one UTF-8, and what is not valid there as windows-1252. */
function decoded(bytes: Uint8Array): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return new TextDecoder("utf-16le").decode(bytes);
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return new TextDecoder("utf-16be").decode(bytes);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder("windows-1252").decode(bytes);
  }
}
