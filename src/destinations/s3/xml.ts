/*
 * S3 answers in a small, flat XML. It is read by patterns over a bounded text: no entity but the five of XML itself is ever
 * replaced, so that no document can grow or lead anywhere.
 */

const mostText = 64 * 1024;

/** The text of the first element of that name, as far as it is told in the beginning of the document. */
export function textIn(xml: string, element: string): string | undefined {
  const found = new RegExp(`<${element}>([^<]{0,2048})</${element}>`).exec(xml.slice(0, mostText))?.[1];
  return found === undefined ? undefined : unescaped(found);
}

/** The insides of all elements of that name, which are not nested in one another. */
export function* elementsIn(xml: string, element: string): Iterable<string> {
  const [open, close] = [`<${element}>`, `</${element}>`];
  for (let at = xml.indexOf(open); at !== -1; at = xml.indexOf(open, at)) {
    const end = xml.indexOf(close, at);
    if (end === -1) return;
    yield xml.slice(at + open.length, end);
    at = end + close.length;
  }
}

const entities: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

function unescaped(text: string): string {
  return text.replace(/&(amp|lt|gt|quot|apos|#\d{1,7}|#x[0-9a-fA-F]{1,6});/g, (whole, name: string) => {
    if (!name.startsWith("#")) return entities[name] ?? whole;
    const code = name.startsWith("#x") ? Number.parseInt(name.slice(2), 16) : Number(name.slice(1));
    return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });
}

/** As `encoding-type=url` has keys: a space may be written as a plus. */
export function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    return text;
  }
}
