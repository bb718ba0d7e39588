import type { TimSettings } from "./site-settings.ts";

/** What a request for a token asks for. */
export interface VoiceQuery {
  readonly datasource: string;
  readonly voicelocation: string;
  readonly voicefilename: string;
  readonly salt: string;
}

/** Reads the query of a token request strictly; undefined means 400. */
export function parseVoiceQuery(query: string, voice: TimSettings["voice"]): VoiceQuery | undefined {
  const fields = voice.separators === "literal" ? literalFields(query) : separatedFields(query);
  if (fields?.get("cmd") !== "getvmsg") return undefined;
  const datasource = fields.get("datasource");
  const voicefilename = fields.get("recordingid");
  const voicelocation = fields.get("voicelocation");
  const salt = fields.get("salt") ?? "";
  if (!datasource || !voicefilename || !voicelocation || (voice.saltRequired && !salt)) return undefined;
  return { datasource, voicelocation, voicefilename, salt };
}

function separatedFields(query: string): Map<string, string> | undefined {
  const fields = new Map<string, string>();
  for (const pair of query.split("&")) {
    const equals = pair.indexOf("=");
    const name = pair.slice(0, equals).toLowerCase();
    const value = decode(pair.slice(equals + 1));
    if (equals < 1 || value === undefined || fields.has(name)) return undefined;
    fields.set(name, value);
  }
  return fields;
}

/** The request line as it stands in print: nothing between a value and the next name. */
function literalFields(query: string): Map<string, string> | undefined {
  const found = /^cmd=(\w+)&datasource=([^&]+?)recordingid=([^&]+?)voicelocation=([^&]+?)salt=([^&]*)$/.exec(query);
  if (!found) return undefined;
  const values = found.slice(1).map(decode);
  if (values.some((value) => value === undefined)) return undefined;
  const names = ["cmd", "datasource", "recordingid", "voicelocation", "salt"];
  return new Map(names.map((name, index) => [name, values[index] ?? ""]));
}

/** Percent-encoding as Uri.EscapeDataString writes it: it leaves no plus and no character beyond ASCII. */
function decode(text: string): string | undefined {
  if (/[+\s"<>\\^`{|}]|[^\0-\x7F]/.test(text)) return undefined;
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
