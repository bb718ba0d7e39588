/**
 * A value made fit to stand inside a file name on Linux, macOS and Windows: no separators, control, bidi or invisible
 * characters, braces or blanks at its ends; `restrict` leaves ASCII letters, digits and `._+-` only. May be empty.
 */
export function safeText(text: string, restrict: boolean): string {
  return plain.test(text) ? text : safeLiteral(text.trim(), restrict).trim();
}

/** The same, with the blanks at its ends. */
export function safeLiteral(text: string, restrict: boolean): string {
  if (plain.test(text)) return text;
  const shown = text.normalize("NFC").replace(blank, " ").replace(unsafe, "_");
  return restrict ? shown.normalize("NFKD").replace(marks, "").replace(notPlain, "_") : shown;
}

/**
 * A whole path component made fit: never `.` or `..`, hidden, an option (`-x`), a Windows device, one of the archive's
 * own names, or ended by a dot or blank.
 */
export function safeComponent(text: string): string {
  let name = text.replace(/[. ]+$/, "").replace(/^ +/, "");
  if (/^[.-]/.test(name)) name = `_${name.slice(1)}`;
  if (device.test(name) || own.test(name)) name = `_${name}`;
  if (suffix.test(name)) name = `${name}_`;
  return name === "" ? "_" : name;
}

/** The longest beginning of `text` that fits in `bytes` of UTF-8, cut between characters. */
export function cutToBytes(text: string, bytes: number): string {
  if (text.length * 3 <= bytes) return text;
  const all = new TextEncoder().encode(text);
  if (all.length <= bytes) return text;
  let end = Math.max(0, bytes);
  while (end > 0 && ((all[end] as number) & 0xc0) === 0x80) end -= 1;
  return new TextDecoder().decode(all.subarray(0, end)).trimEnd();
}

export function byteLength(text: string): number {
  return ascii.test(text) ? text.length : new TextEncoder().encode(text).length;
}

/** Safe as it is, whatever the rules: most ids, numbers and dates. */
const plain = /^[A-Za-z0-9._+-]*$/;
const ascii = /^[\x00-\x7f]*$/;
const blank = /[\t\n\v\f\r\p{Zs}]+/gu;
/** What some system forbids, what a reader cannot see or is misled by, and the braces that mark template fields. */
const unsafe = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\ufffd\ufffe\uffff<>:"/\\|?*{}]/gu;
const marks = /\p{M}/gu;
const notPlain = /[^A-Za-z0-9._+-]/g;
const device = /^(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9¹²³])[ ]*(?:\.|$)/i;
/** The archive's own files at its root. */
const own = /^(?:sha256sums|bagit\.txt)$/i;
/** Endings that mean "not a recording". */
const suffix = /\.(?:part|info\.json)$/i;
