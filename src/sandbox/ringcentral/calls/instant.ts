import { badParameter } from "../errors.ts";

/**
 * Reads an ISO 8601 instant, a date, a month or a year as milliseconds since 1970; refuses anything else. A time without
 * zone is UTC.
 */
export function instantOf(name: string, text: string, wholeSeconds: boolean): number {
  const match = /^(\d{4})(-\d{2})?(-\d{2})?(T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:?\d{2})?)?$/.exec(text);
  const time = match?.[4];
  const zoned = time === undefined || match?.[7] !== undefined ? text : `${text}Z`;
  const ms = match && !(time !== undefined && match[3] === undefined) ? Date.parse(zoned) : Number.NaN;
  if (Number.isNaN(ms)) throw badParameter(name, text);
  return wholeSeconds ? Math.floor(ms / 1_000) * 1_000 : ms;
}
