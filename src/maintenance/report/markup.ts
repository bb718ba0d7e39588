import { printable } from "../../core/text.ts";

/** A piece of HTML that is safe as it stands. */
export interface Html {
  readonly html: string;
}

/** Text from anywhere, as HTML: one harmless line without tags. */
export function escaped(text: string): string {
  return printable(text).replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}

/** HTML with what is put into it escaped, unless it is HTML itself; lists are joined. */
export function html(
  parts: TemplateStringsArray,
  ...values: readonly (string | number | Html | readonly Html[])[]
): Html {
  const texts = values.map((value) => textOf(value));
  return { html: parts.map((part, at) => part + (texts[at] ?? "")).join("") };
}

function textOf(value: string | number | Html | readonly Html[]): string {
  if (typeof value === "string" || typeof value === "number") return escaped(String(value));
  return "html" in value ? value.html : value.map((each) => each.html).join("");
}
