/** SQL for what of a recording can be searched. */
export const searchedColumns = ["from_number", "to_number", "extension", "name", "id"]
  .map((column) => `coalesce(${column}, '')`)
  .join(" || char(10) || ");

/** A text without accents and case, as it is compared: `Müller` is found by `muller`. */
export function folded(text: string): string {
  const bare = text.normalize("NFKD").replace(/\p{M}/gu, "");
  return bare.toLowerCase().replaceAll("ß", "ss").trim();
}

/** What a recording is found by: its words folded, and each number that is written in groups once more as plain digits. */
export function foldedWords(words: string): string {
  const plain = folded(words);
  const grouped = plain.match(/\(?\d[\d ().\-/]{2,}\d/g) ?? [];
  const digits = grouped.map((number) => number.replace(/\D/g, "")).filter((number) => !plain.includes(number));
  return [plain, ...digits].join("\n");
}
