import { RecordingError } from "../../core/model/errors.ts";

/**
 * One setting: its flag, its environment twins, its key in a profile and how its text is understood. Help, completion,
 * man page, environment and `config` all read this one definition.
 */
export interface OptionSpec<T> {
  /** As commander writes it: `-j, --transfers <n>`. */
  readonly flags: string;
  readonly help: string;
  /** Turns the text of a flag, variable or profile entry into a value; throws RecordingError `usage` with a sentence. */
  readonly parse: (text: string) => T;
  readonly kind: "value" | "list" | "flag" | "count";
  /** Shown in help; applied by whoever reads the setting. */
  readonly fallback?: string;
  /** Environment names besides the twin `CALLREEL_<FLAG>`. */
  readonly env?: readonly string[];
  readonly choices?: readonly string[];
  /** Never a flag, never printed: comes from the environment, from a file (`…_FILE`) or from a profile's secrets. */
  readonly secret?: boolean;
  /** A URL that may hold a password: with one it is refused as a flag, which every user of the machine can read. */
  readonly mayHoldPassword?: boolean;
}

export type OptionTable = Readonly<Record<string, OptionSpec<unknown>>>;

/** The typed values of a table: absent where nobody gave one. */
export type ValuesOf<T extends OptionTable> = {
  readonly [K in keyof T]?: T[K] extends { kind: "list"; parse: (text: string) => infer V }
    ? readonly V[]
    : T[K] extends OptionSpec<infer V>
      ? V
      : never;
};

type Extra = Pick<OptionSpec<unknown>, "fallback" | "env" | "mayHoldPassword">;
type ChoiceExtra = Extra & {
  /** Where to look for what the choices do not offer; ends the error's sentence. */
  readonly hint?: string;
};

/** A setting with one value. */
export function value<T>(flags: string, help: string, parse: (text: string) => T, extra: Extra = {}) {
  return { flags, help, parse, kind: "value", ...extra } as const satisfies OptionSpec<T>;
}

/** A setting that may be given several times. */
export function list<T>(flags: string, help: string, parse: (text: string) => T, extra: Extra = {}) {
  return { flags, help, parse, kind: "list", ...extra } as const satisfies OptionSpec<T>;
}

/** A switch. `--no-x` flags are true when given. */
export function flag(flags: string, help: string, extra: Extra = {}) {
  return { flags, help, parse: parseSwitch, kind: "flag", ...extra } as const satisfies OptionSpec<boolean>;
}

/** A switch that says more each time it is given. */
export function count(flags: string, help: string, extra: Extra = {}) {
  return { flags, help, parse: integer(0, 9), kind: "count", ...extra } as const satisfies OptionSpec<number>;
}

/** One of a few words. Its error goes on where the setting's name ends: `--since takes only "last"`. */
export function choice<const C extends string>(
  flags: string,
  help: string,
  choices: readonly C[],
  { hint = "", ...extra }: ChoiceExtra = {},
) {
  const parse = (text: string): C => {
    const found = choices.find((known) => known === text.toLowerCase());
    if (found === undefined) throw new RecordingError("usage", `takes ${choicesInWords(choices, text)}${hint}.`);
    return found;
  };
  return { flags, help, parse, kind: "value", choices, ...extra } as const satisfies OptionSpec<C>;
}

function choicesInWords(choices: readonly string[], given: string): string {
  const last = choices.at(-1);
  if (choices.length === 1) return `only "${last}"`;
  return `${choices.slice(0, -1).join(", ")} or ${last}, not "${given}"`;
}

/** What an option's parser said of a value, with the name of the setting it was given for. */
export function faultOf(name: string, message: string): string {
  return message.startsWith("takes ") ? `${name} ${message}` : `${name}: ${message}`;
}

/** A secret: environment or file only. `name` is its environment name. */
export function secret(name: string, help: string) {
  return {
    flags: "",
    help,
    parse: text,
    kind: "value",
    env: [name],
    secret: true,
  } as const satisfies OptionSpec<string>;
}

/** Any text but the empty one. */
export function text(given: string): string {
  if (given.trim() === "") throw new RecordingError("usage", "takes a value that is not empty.");
  return given;
}

/** A whole number within bounds. */
export function integer(min: number, max = Number.MAX_SAFE_INTEGER) {
  return (given: string): number => {
    const number = Number(given);
    if (!/^\d+$/.test(given.trim()) || number < min || number > max) {
      const range = max === Number.MAX_SAFE_INTEGER ? `of ${min} or more` : `from ${min} to ${max}`;
      throw new RecordingError("usage", `"${given}" is not a whole number ${range}.`);
    }
    return number;
  };
}

/** A part of something, as `50%`, from 0 to 1. */
export function percent(given: string): number {
  const number = Number(/^(\d{1,3}(?:\.\d+)?)\s*%$/.exec(given.trim())?.[1]);
  if (number >= 0 && number <= 100) return number / 100;
  throw new RecordingError("usage", `"${given}" is not a percentage; use 0% to 100%, for example 50%.`);
}

/** An absolute http or https URL without a user or password in it. */
export function webUrl(given: string): string {
  let url: URL;
  try {
    url = new URL(given);
  } catch {
    throw new RecordingError("usage", `"${given}" is not a URL; use a full one such as https://host.example.`);
  }
  if (url.protocol !== "https:" && url.protocol !== "http:")
    throw new RecordingError("usage", `The URL must begin with https:// or http://.`);
  if (url.username !== "" || url.password !== "")
    throw new RecordingError(
      "usage",
      "A user or password inside a URL ends up in logs; use the settings made for them.",
    );
  return given.replace(/\/+$/, "");
}

function parseSwitch(given: string): boolean {
  if (/^(1|true|yes|on)$/i.test(given)) return true;
  if (/^(0|false|no|off|)$/i.test(given)) return false;
  throw new RecordingError("usage", `"${given}" is not valid; use yes or no.`);
}

/** The long name without dashes: `transfers`, `no-mtime`; also the key in a profile. */
export function optionName(key: string, spec: OptionSpec<unknown>): string {
  return /--([\w-]+)/.exec(spec.flags)?.[1] ?? key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** Every environment name a setting answers to, strongest first. */
export function envNames(key: string, spec: OptionSpec<unknown>): readonly string[] {
  if (spec.secret) return spec.env ?? [];
  return [`CALLREEL_${optionName(key, spec).replaceAll("-", "_").toUpperCase()}`, ...(spec.env ?? [])];
}

/** `name=value`, both sides filled. */
export function pairs(given: string): { readonly name: string; readonly value: string } {
  const at = given.indexOf("=");
  if (at < 1 || at === given.length - 1) throw new RecordingError("usage", `"${given}" is not in the form name=value.`);
  return { name: given.slice(0, at).trim(), value: given.slice(at + 1).trim() };
}
