import { printable } from "./text.ts";

/** Takes secrets out of text: the one place every log line, message and event passes through. */
export interface Redactor {
  /** Registers a secret: from now on none of its forms gets through. */
  add(secret: string): void;
  /** The text with `***` for registered secrets, credentials in headers, URL queries and user:password@ parts. */
  clean(text: string): string;
}

/**
 * Knows each secret as it is, percent-encoded, form-encoded, JSON-escaped and within base64 at any offset. Secrets
 * shorter than 4 characters, and those of up to 8 that are a word, are taken out only where they stand alone: within other
 * words (`demo` in `demonstration`) they tell nothing, and taking them out would shred text and show what the secret is.
 */
export function openRedactor(): Redactor {
  const forms = new Set<string>();
  let known: RegExp | undefined;
  return {
    add(secret) {
      const before = forms.size;
      for (const form of formsOf(secret)) forms.add(form);
      if (forms.size > before) known = anyOf(forms);
    },
    clean(text) {
      let cleaned = known === undefined ? text : text.replace(known, mark);
      for (const [pattern, replacement] of shapes) cleaned = cleaned.replace(pattern, replacement);
      return cleaned;
    },
  };
}

const mark = "***";

/** What a secret looks like even when nobody registered it. */
const shapes: readonly (readonly [RegExp, string])[] = [
  [/\b((?:proxy-)?authorization|set-cookie|cookie)(["']?\s*:\s*)[^\r\n]+/gi, `$1$2${mark}`],
  [/\b([Bb]earer|[Bb]asic|[Dd]igest|Negotiate|NTLM) +(?=\S*(?:[\d=+/_]|[a-z][A-Z]))[\w.~+/=-]{6,}/g, `$1 ${mark}`],
  [/\beyJ[\w-]{8,1000}\.[\w-]{1,8000}(?:\.[\w-]{0,4000})?/g, mark],
  // A password may hold a slash that nobody encoded, so after `user:` everything up to the last @ goes.
  [/(:\/\/)(?:[^\s/?#"'<>:@]{0,200}:[^\s"'<>]{0,300}|[^\s/?#"'<>]{0,300})@/g, `$1${mark}@`],
  [/\?[\w.%~[\]-]{1,200}=[^\s"'<>]*/g, `?${mark}`],
  [/(:\/\/[^\s?#"'<>]{1,1000})\?[^\s"'<>]+/g, `$1?${mark}`],
  [
    /((?:access|refresh|id|security)_?token|client_?secret|assertion|password|passwd|pwd|jwt)("?\s*=\s*)[^\s&"',;]+/gi,
    `$1$2${mark}`,
  ],
  [
    /("(?:(?:access|refresh|id|security)_?token|client_?secret|assertion|password|passwd|pwd|jwt)"\s*:\s*")[^"]*/gi,
    `$1${mark}`,
  ],
];

function formsOf(secret: string): string[] {
  if (secret.trim() === "") return [];
  const plain = [secret, secret.trim(), printable(secret)];
  if (secret.length < 4) return plain.filter((form) => form !== "");
  const percent = encodeURIComponent(secret.replace(/\p{Cs}/gu, ""));
  const escaped = JSON.stringify(secret).slice(1, -1);
  const written = [
    ...plain,
    percent,
    percent.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase()),
    percent.replaceAll("%20", "+"),
    escaped,
    escaped.replaceAll("/", "\\/"),
  ];
  return [...written, ...base64Forms(secret)].filter((form) => form.length >= 4);
}

/** The part of the secret's base64 that stays the same whatever stands before and after it, at each of three offsets. */
function base64Forms(secret: string): string[] {
  const bytes = new TextEncoder().encode(secret);
  const forms: string[] = [];
  for (const offset of [0, 1, 2]) {
    const text = btoa("\0".repeat(offset) + Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
    const from = Math.ceil((offset * 8) / 6);
    const to = Math.floor(((offset + bytes.length) * 8) / 6);
    const inner = text.slice(from, to);
    // Shorter ones would match ordinary words.
    if (inner.length >= 8) forms.push(inner, inner.replaceAll("+", "-").replaceAll("/", "_"));
  }
  return forms;
}

/** `secret`, `Demo` or `DEMO`: what may well be part of ordinary text. */
function isWord(form: string): boolean {
  return form.length <= 8 && /^(?:\p{L}?\p{Ll}+|\p{Lu}+)$/u.test(form);
}

/** Longest first, so that no part of a longer form stays behind. */
function anyOf(forms: ReadonlySet<string>): RegExp {
  const ordered = [...forms].sort((a, b) => b.length - a.length);
  const escaped = ordered.map((form) => {
    const literal = form.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
    return form.length < 4 || isWord(form) ? `(?<![\\p{L}\\p{N}])${literal}(?![\\p{L}\\p{N}])` : literal;
  });
  return new RegExp(escaped.join("|"), "gu");
}
