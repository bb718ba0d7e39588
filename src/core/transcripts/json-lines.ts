import { lineOf, type SpokenLine } from "./line.ts";
import { ringsenseLines } from "./ringsense-lines.ts";

type Fields = Readonly<Record<string, unknown>>;

/**
 * The lines of a transcript in JSON: whisper.cpp's (`transcription` with `offsets` in milliseconds), Whisper's and most
 * services' (`segments` with `start` and `end` in seconds), such segments alone, as faster-whisper's are written down,
 * RingSense's (`insights`), or nothing but a `text`. Other JSON has none.
 */
export function jsonLines(text: string): SpokenLine[] {
  const value = parsed(text) ?? parsed(withoutNaN(text));
  if (Array.isArray(value)) return value.flatMap((piece: unknown) => lineOfPiece(piece) ?? []);
  if (!isFields(value)) return [];
  if (isFields(value.insights)) return ringsenseLines(value);
  const whole = typeof value.text === "string" ? lineOf(value.text) : undefined;
  const pieces = Array.isArray(value.transcription) ? value.transcription : value.segments;
  const lines = Array.isArray(pieces) ? pieces.flatMap((piece: unknown) => lineOfPiece(piece) ?? []) : [];
  return lines.length > 0 || whole === undefined ? lines : [whole];
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Python writes numbers that JSON does not know, as Whisper's probabilities may be. */
function withoutNaN(text: string): string {
  return text.replace(/("(?:[^"\\]|\\.)*")|-?\b(?:NaN|Infinity)\b/g, (_, string?: string) => string ?? "null");
}

function lineOfPiece(piece: unknown): SpokenLine | undefined {
  if (!isFields(piece) || typeof piece.text !== "string") return undefined;
  const speaker = typeof piece.speaker === "string" ? piece.speaker : undefined;
  const { offsets } = piece;
  if (!isFields(offsets)) return lineOf(piece.text, numberOf(piece.start), numberOf(piece.end), speaker);
  return lineOf(piece.text, inSeconds(offsets.from), inSeconds(offsets.to), speaker);
}

function inSeconds(ms: unknown): number | undefined {
  const number = numberOf(ms);
  return number === undefined ? undefined : number / 1000;
}

function numberOf(value: unknown): number | undefined {
  return typeof value === "number" ? value : undefined;
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
