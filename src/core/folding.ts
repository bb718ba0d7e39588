/** A text without accents and case, as it is compared: `Müller` is found by `muller`, `Łódź` by `lodz`. */
export function folded(text: string): string {
  const bare = text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
  return bare.replace(/[^\x00-\x7f]/g, (letter) => plainLetters[letter] ?? letter).trim();
}

/** Letters of European names that are letters of their own to Unicode, and typed without their stroke or ligature. */
const plainLetters: Readonly<Record<string, string>> = {
  ...{ ß: "ss", æ: "ae", œ: "oe", ø: "o", ł: "l", đ: "d", ð: "d", þ: "th", ħ: "h", ı: "i", ŋ: "n", ŧ: "t" },
  ...{ "’": "'", "‘": "'", ʼ: "'", "‐": "-", "‑": "-", "–": "-" },
};

/** What a recording is found by: its words folded, and each number that is written in groups once more as plain digits. */
export function foldedWords(words: string): string {
  const plain = folded(words);
  const grouped = plain.match(/\(?\d[\d ().\-/]{2,}\d/g) ?? [];
  const digits = [...new Set(grouped.map((number) => number.replace(/\D/g, "")))];
  // In a long text, looking each of many numbers up would take longer than all the rest.
  return [plain, ...digits.filter((number) => plain.length > longText || !plain.includes(number))].join("\n");
}

const longText = 10_000;
