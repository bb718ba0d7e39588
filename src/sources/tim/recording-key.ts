import type { RecordingKey } from "../../core/model/recording.ts";

/** What TIM needs to find a recording: three opaque strings of its `calls` table. */
export interface TimIds {
  readonly datasource: string;
  readonly voicelocation: string;
  readonly voicefilename: string;
}

/** `tim/{datasource}/{voicelocation}/{voicefilename}`, each part percent-encoded; no part is ever `.` or `..`. */
export function keyOf(ids: TimIds): RecordingKey {
  return `tim/${encodePart(ids.datasource)}/${encodePart(ids.voicelocation)}/${encodePart(ids.voicefilename)}`;
}

/** The ids in a key, or undefined when the text is not exactly what `keyOf` writes. */
export function idsOfKey(key: string): TimIds | undefined {
  const ids = idsOfPath(key);
  return ids !== undefined && keyOf(ids) === key ? ids : undefined;
}

/**
 * The ids that a key, a permanent path (`/r/tim/3/4/NCS…`) or a permanent address names, as a person may type it:
 * escapes that are not needed or missing do no harm. Undefined when it is not of this system.
 */
export function idsOfPath(text: string): TimIds | undefined {
  const match = /^(?:(?:https?:\/\/[^/?#]+)?\/r\/)?tim\/([^/?#]+)\/([^/?#]+)\/([^/?#]+)(?:[?#].*)?$/i.exec(text.trim());
  if (match === null) return undefined;
  const [datasource, voicelocation, voicefilename] = match.slice(1, 4).map(decodePart);
  if (datasource === undefined || voicelocation === undefined || voicefilename === undefined) return undefined;
  return { datasource, voicelocation, voicefilename };
}

/** RFC 3986: everything but letters, digits and `-._~` becomes `%XX` of its UTF-8; a part of dots only is escaped too. */
export function encodePart(text: string): string {
  if (/^\w+$/.test(text)) return text;
  const encoded = encodeURIComponent(text).replace(/[!'()*]/g, hexEscape);
  return encoded === "." || encoded === ".." ? encoded.replaceAll(".", "%2E") : encoded;
}

function decodePart(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

function hexEscape(char: string): string {
  return `%${char.charCodeAt(0).toString(16).toUpperCase()}`;
}
