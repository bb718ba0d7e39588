const languages = "en de fr es it nl pt pl sv da nb fi cs hu ro tr ru uk el bg hr sk sl et lv lt id vi".split(" ");

let known: ReadonlyMap<string, number> | undefined;

/**
 * The month, 1 to 12, that a word names in any of Europe's languages, long or short; undefined for other words and for
 * those that mean different months in different languages, as `listopad` does.
 */
export function monthOf(word: string): number | undefined {
  known ??= learned();
  return known.get(plain(word));
}

function learned(): ReadonlyMap<string, number> {
  const months = new Map<string, number>();
  const doubtful = new Set<string>();
  for (const word of wordsOf()) {
    const before = months.get(word.text);
    if (before !== undefined && before !== word.month) doubtful.add(word.text);
    months.set(word.text, word.month);
  }
  for (const text of doubtful) months.delete(text);
  return months.set("sept", 9).set("mär", 3).set("mrz", 3);
}

function* wordsOf(): Iterable<{ text: string; month: number }> {
  for (const language of languages) {
    for (const style of ["long", "short"] as const) {
      const alone = new Intl.DateTimeFormat(language, { month: style, timeZone: "UTC" });
      const dated = new Intl.DateTimeFormat(language, { month: style, day: "numeric", timeZone: "UTC" });
      for (let month = 1; month <= 12; month++) {
        const day = new Date(Date.UTC(2026, month - 1, 15));
        const inDate = dated.formatToParts(day).find((part) => part.type === "month")?.value ?? "";
        for (const text of [alone.format(day), inDate].map(plain)) if (/^\p{L}{3,}$/u.test(text)) yield { text, month };
      }
    }
  }
}

function plain(word: string): string {
  return word.toLowerCase().replace(/[.\s]/g, "");
}
