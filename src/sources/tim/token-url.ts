import { RecordingError } from "../../core/model/errors.ts";
import type { ResponseHead } from "../../core/model/recording.ts";
import { encodePart, type TimIds } from "./recording-key.ts";

/** The vendor's documented request. */
export const defaultTemplate =
  "{base}/voice.{format}?cmd=getvmsg&datasource={datasource}&recordingid={voicefilename}&voicelocation={voicelocation}&salt={salt}";

/** Address of a token request, another one at each call. */
export type TokenUrl = (ids: TimIds, nowMs: number) => string;

const placeholders = ["base", "format", "datasource", "voicelocation", "voicefilename", "salt"];

/**
 * Makes a function of a template. Throws `usage` for a template that names an unknown field, that does not tell
 * recordings apart, or that leads to another server than `base`: the login goes wherever this address points.
 */
export function compileTemplate(template: string, base: URL, format: string, random: () => number): TokenUrl {
  const baseText = base.origin + (base.pathname === "/" ? "" : base.pathname);
  const full = template.startsWith("/") ? base.origin + template : template;
  for (const [, name] of full.matchAll(/\{([^{}]*)\}/g)) {
    if (!placeholders.includes(name ?? "")) {
      throw refused(`knows no {${name}}; its fields are ${placeholders.map((each) => `{${each}}`).join(" ")}`);
    }
  }
  if (!full.includes("{voicefilename}"))
    throw refused("must contain {voicefilename}, or every recording would be the same one");
  const nextSalt = saltMaker(random);
  const build: TokenUrl = (ids, nowMs) => {
    const values: Readonly<Record<string, string>> = {
      base: baseText,
      format,
      datasource: encodePart(ids.datasource),
      voicelocation: encodePart(ids.voicelocation),
      voicefilename: encodePart(ids.voicefilename),
      salt: nextSalt(nowMs),
    };
    return full.replace(/\{([^{}]*)\}/g, (_, name: string) => values[name] ?? "");
  };
  const example = build({ datasource: "d", voicelocation: "l", voicefilename: "f" }, 0);
  if (!URL.canParse(example) || new URL(example).origin !== base.origin) {
    throw refused("must lead to the server of --tim-url: begin it with {base} or with a slash");
  }
  if (/[^\x21-\x7e]/.test(example) || example.includes("#")) {
    throw refused("must be a plain address without blanks, `#` or letters beyond ASCII; escape them as %XX");
  }
  return build;
}

/** Path and query of an address exactly as they go out. */
export function targetOf(url: string): string {
  const target = url.replace(/^[^/]*\/\/[^/?#]*/, "");
  return target.startsWith("/") ? target : `/${target}`;
}

const ticksOf1970 = 621_355_968_000_000_000n;

/** .NET ticks (100 ns since the year 1), never the same twice: TIM may keep an answer by its address. */
function saltMaker(random: () => number): (nowMs: number) => string {
  let last = 0n;
  return (nowMs) => {
    const ticks = ticksOf1970 + BigInt(Math.floor(nowMs)) * 10_000n + BigInt(Math.floor(random() * 10_000));
    last = ticks > last ? ticks : last + 1n;
    return last.toString();
  };
}

function refused(why: string): RecordingError {
  return new RecordingError("usage", `--tim-url-template ${why}.`);
}

/**
 * The token URL in TIM's answer, byte for byte; `by` names who answered, as a witness. Throws `no-recording` for an empty answer and `bad-answer`, saying what
 * the answer looks like, for anything but one absolute http(s) URL.
 */
export function urlInAnswer(head: ResponseHead, body: Uint8Array, recording: string, by: string): string {
  const text = decode(body);
  if (text === "") {
    throw new RecordingError("no-recording", `TIM gives no address for ${recording}: it has no recording there.`, {
      head,
      witness: { by, explicit: false },
    });
  }
  if (!isAbsoluteUrl(text)) {
    throw new RecordingError(
      "bad-answer",
      `TIM answered the token request for ${recording} with ${looksLike(text, body)} instead of an Echo address. ${remedy(text)}`,
      { head },
    );
  }
  return escapeNonAscii(text);
}

function decode(body: Uint8Array): string {
  const encoding = body[0] === 0xff && body[1] === 0xfe ? "utf-16le" : "utf-8";
  return new TextDecoder(encoding).decode(body).replace(/^[\s\0\ufeff]+|[\s\0\ufeff]+$/g, "");
}

function isAbsoluteUrl(text: string): boolean {
  return (
    text.length <= 8192 &&
    /^https?:\/\/[^\s/?#\\\0-\x1f\x7f]+(?:[/?#][^\s\0-\x1f\x7f]*)?$/i.test(text) &&
    URL.canParse(text)
  );
}

/** What stands in a URL beyond ASCII can only go over the wire as escaped UTF-8. */
function escapeNonAscii(url: string): string {
  return url.replace(/[^\x00-\x7f]+/g, (letters) => encodeURIComponent(letters));
}

function looksLike(text: string, body: Uint8Array): string {
  const start = Buffer.from(body.subarray(0, 4)).toString("latin1");
  if (start === "RIFF" || start.startsWith("ID3") || (body[0] === 0xff && (body[1] ?? 0) >= 0xe0)) return "audio";
  if (/^<(!doctype|html|head|body)/i.test(text)) return "an HTML page";
  if (text.startsWith("<")) return "XML";
  if (/^[{["]/.test(text)) return "JSON";
  if (/^\/|^[\w.-]+\.\w+\?/.test(text)) return "a relative address";
  if (/^https?:/i.test(text)) return /\s/.test(text) ? "more than one address" : "a broken address";
  if (/^[a-z][a-z0-9+.-]*:/i.test(text) && !/\s/.test(text)) return "an address that is not http";
  return "other text";
}

function remedy(text: string): string {
  if (text.startsWith("<")) return "Is --tim-url TIM's own web server, and not a login page before it?";
  return "See whether --tim-url and --tim-url-template fit this TIM.";
}
