import { RecordingError } from "../core/errors.ts";

/** `name=value`, both sides filled. */
export function pairs(given: string): { readonly name: string; readonly value: string } {
  const at = given.indexOf("=");
  if (at < 1 || at === given.length - 1) throw new RecordingError("usage", `"${given}" is not of the form name=value.`);
  return { name: given.slice(0, at).trim(), value: given.slice(at + 1).trim() };
}
