import { RecordingError } from "../../core/errors.ts";

/**
 * JSON.parse that answers undefined for what is not JSON, keeps as text what a number does not hold exactly (long
 * integers, and those with an exponent, which have lost digits already), and takes Python's NaN and Infinity for null.
 */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(odd.test(text) ? text.replace(oddTokens, exactly) : text);
  } catch {
    return undefined;
  }
}

const odd = /[\s:,[](?:-?\d{16}|-?\d+(?:\.\d+)?[eE]|NaN|-?Infinity)/;
const oddTokens = /"(?:[^"\\]|\\.)*"|-?\d{16,}(?![\d.eE])|-?\d+(?:\.\d+)?[eE][+-]?\d+|\bNaN\b|-?\bInfinity\b/g;

function exactly(token: string): string {
  if (token.startsWith('"')) return token;
  if (/[Na]/.test(token)) return "null";
  return /e/i.test(token) || !Number.isSafeInteger(Number(token)) ? `"${token}"` : token;
}

/** The value as a row's fields, if it is an object. */
export function objectOf(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : undefined;
}

/** The names under which tools put a list of rows into an object. */
const lists = ["records", "data", "rows", "items", "results", "recordings", "calls", "value"] as const;

/** Whether an object is a row itself, whatever lists it has. */
function isRow(object: Readonly<Record<string, unknown>>): boolean {
  return ["id", "sessionId", "voicefilename", "recordingId", "contentUri"].some((name) => object[name] !== undefined);
}

/** The elements of a list or of a page of the call log; undefined for a value that is a row by itself. */
export function recordsOf(value: unknown, file: string): readonly unknown[] | undefined {
  if (Array.isArray(value)) return value;
  const object = objectOf(value);
  if (object === undefined) return undefined;
  const name = lists.find((each) => Array.isArray(object[each]));
  if (name !== undefined && !isRow(object)) return object[name] as unknown[];
  if (typeof object.errorCode === "string" && typeof object.message === "string" && object.id === undefined) {
    throw new RecordingError(
      "bad-rows",
      `${file} holds an error answer of the API (${object.errorCode.slice(0, 40)}), not call records. Export again.`,
    );
  }
  return undefined;
}
