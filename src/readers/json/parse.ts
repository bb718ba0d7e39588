import { RecordingError } from "../../core/errors.ts";

/** JSON.parse that answers undefined for what is not JSON and keeps integers as text that a number cannot hold exactly. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(/[\s:,[]-?\d{16}/.test(text) ? text.replace(longIntegers, quoteLong) : text);
  } catch {
    return undefined;
  }
}

const longIntegers = /"(?:[^"\\]|\\.)*"|-?\d{16,}(?![\d.eE])/g;

function quoteLong(token: string): string {
  return token.startsWith('"') || Number.isSafeInteger(Number(token)) ? token : `"${token}"`;
}

/** The value as a row's fields, if it is an object. */
export function objectOf(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : undefined;
}

/** The elements of a list or of a page of the call log; undefined for a value that is a row by itself. */
export function recordsOf(value: unknown, file: string): readonly unknown[] | undefined {
  if (Array.isArray(value)) return value;
  const object = objectOf(value);
  if (object === undefined) return undefined;
  if (Array.isArray(object.records)) return object.records;
  if (typeof object.errorCode === "string" && typeof object.message === "string" && object.id === undefined) {
    throw new RecordingError(
      "bad-rows",
      `${file} holds an error answer of the API (${object.errorCode.slice(0, 40)}), not call records. Export again.`,
    );
  }
  return undefined;
}
