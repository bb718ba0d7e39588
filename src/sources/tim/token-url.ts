import { RecordingError } from "../../core/errors.ts";
import { encodePart, type TimIds } from "./key.ts";

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
