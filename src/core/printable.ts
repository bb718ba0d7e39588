/**
 * Text as one harmless line: no control, bidi or other invisible format characters, no line breaks, no broken
 * surrogates, no towers of combining marks. What a row or a server says goes through here before anybody reads it.
 */
export function printable(text: string): string {
  if (plain.test(text)) return text;
  return text.replace(breaks, " ").replace(invisible, "").replace(towers, "$1");
}

const plain = /^[\x20-\x7e]*$/;
const breaks = /[\t\n\v\f\r\x85\p{Zl}\p{Zp}]+/gu;
const invisible = /[\p{Cc}\p{Cf}\p{Cs}]/gu;
const towers = /(\p{M}{4})\p{M}+/gu;
