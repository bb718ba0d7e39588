import { mixed } from "./call.ts";

const letters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const recordIdTail = 6;

/** A call-log record's id: fifteen opaque, case-sensitive characters, the last six of which hold the call's number. */
export function recordIdOf(index: number): string {
  const front = [1, 2, 3].map((salt) => base62(mixed(index, salt) % 62 ** 3, 3)).join("");
  return front + base62(index, recordIdTail);
}

/** The call's number, or undefined when no call has this record id. */
export function indexOfRecordId(id: string): number | undefined {
  if (id.length !== 9 + recordIdTail) return undefined;
  let index = 0;
  for (const letter of id.slice(9)) index = index * 62 + letters.indexOf(letter);
  return index >= 0 && recordIdOf(index) === id ? index : undefined;
}

/** A recording's id: eleven digits. */
export function recordingIdOf(recording: number): string {
  return String(10_000_000_000 + recording);
}

/** The recording's number, or undefined when the text is no recording id. */
export function recordingOfId(id: string): number | undefined {
  return /^1\d{10}$/.test(id) ? Number(id) - 10_000_000_000 : undefined;
}

function base62(value: number, width: number): string {
  let text = "";
  for (let rest = value, place = 0; place < width; place++, rest = Math.floor(rest / 62)) {
    text = letters[rest % 62] + text;
  }
  return text;
}
