import { RecordingError } from "../../core/model/errors.ts";
import { parseDuration, printable } from "../../core/text.ts";
import { choice, count, flag, integer, list, text, value, webUrl } from "./option.ts";

/** How a run is shown and logged. */
export const showOptions = {
  progress: choice("--progress <how>", "auto, bar, plain, json or none", ["auto", "bar", "plain", "json", "none"], {
    fallback: "auto",
  }),
  json: flag("--json", "print one NDJSON event per line on stdout"),
  stats: value("--stats <time>", "how often to print a plain progress line", parseDuration, { fallback: "1m" }),
  quiet: flag("-q, --quiet", "print nothing if all goes well"),
  verbose: count("-v, --verbose", "print more; -vv also prints every request"),
  logFile: value("--log-file <file>", "append the log to FILE, whatever the screen shows", text),
  logFormat: choice("--log-format <format>", "text or json", ["text", "json"], { fallback: "text" }),
  noColor: flag("--no-color", "do not use colours (also NO_COLOR)"),
} as const;

/** Options every command takes. */
export const globalOptions = {
  profile: list("--profile <name>", "settings profile; several can share one download", text, { fallback: "default" }),
  config: value("--config <file>", "settings file", text),
  noInput: flag("--no-input", "never ask for input"),
  timezone: value("--timezone <zone>", "IANA zone of all times: shown, in names, given, or read without a zone", zone, {
    fallback: "the system's",
  }),
  utc: flag("--utc", "all times in UTC: the same as --timezone UTC"),
} as const;

/** A time zone as the IANA names it. */
function zone(given: string): string {
  try {
    return new Intl.DateTimeFormat("en", { timeZone: given.trim() }).resolvedOptions().timeZone;
  } catch (error) {
    const shown = printable(given).slice(0, 40);
    throw new RecordingError("usage", `"${shown}" is not an IANA time zone; use a name such as Europe/London.`, {
      cause: error,
    });
  }
}

/** The player, and the links that lead to it. */
export const playerOptions = {
  host: value("--host <address>", "address to listen on", text, { fallback: "127.0.0.1" }),
  port: value("--port <port>", "port to listen on; 0 = any free one", integer(0, 65535), { fallback: "8080" }),
  open: flag("--open", "open the page in the browser"),
  playerUrl: value("--player-url <url>", "the address at which people reach the player", webUrl, {
    fallback: "the running player's",
  }),
  presigned: flag(
    "--presigned",
    "send listeners on to the bucket for audio, by a URL that is good for one recording and a short time",
  ),
  direct: flag(
    "--direct",
    "print the source's own short-lived URL, which works without a login: treat it as a password",
  ),
  login: choice("--login <system>", "people log in with their own account on this system", ["ringcentral"]),
  users: value("--users <file>", "people log in with a name and password from this file", text),
  addUser: value("--add-user <name>", "ask for a password, add NAME to --users, and exit", text),
  tlsCert: value("--tls-cert <file>", "serve https with this certificate (PEM)", text),
  tlsKey: value("--tls-key <file>", "the certificate's private key (PEM)", text),
  behindProxy: flag("--behind-proxy", "a reverse proxy in front handles https and sets X-Forwarded-For"),
  trustedProxy: list(
    "--trusted-proxy <network>",
    "a proxy to trust besides those on this machine, such as 10.0.0.0/8; repeatable",
    text,
  ),
} as const;

const port = (flags: string, whose: string) => value(flags, `port of ${whose}; 0 = any free one`, integer(0, 65_535));

/** Options of `callreel sandbox`; they belong to this verb alone and are no settings. */
export const sandboxOptions = {
  ringcentralPort: port("--ringcentral-port <n>", "RingCentral's API"),
  mediaPort: port("--media-port <n>", "RingCentral's media host"),
  timPort: port("--tim-port <n>", "TIM's web server"),
  echoPort: port("--echo-port <n>", "the Echo Service"),
  json: flag("--json", "print the settings as one JSON object of environment variables"),
  recordings: value("--recordings <n>", "recordings in RingCentral's call log", integer(0), { fallback: "17" }),
  days: value("--days <n>", "days over which the calls are spread", integer(1, 3_650), { fallback: "30" }),
  rate: value("--rate <n>", "RingCentral's heavy requests in each window", integer(1), { fallback: "10" }),
  window: value("--window <s>", "seconds of that window, and of the penalty", integer(1), { fallback: "60" }),
  tokenTtl: value("--token-ttl <s>", "seconds that a TIM token URL lives", integer(0), { fallback: "60" }),
  timRows: value("--tim-rows <n>", "rows of TIM's calls table", integer(0), { fallback: "24" }),
  timAuth: choice(
    "--tim-auth <mode>",
    "login that TIM asks for: basic, digest, both, ntlm, negotiate, windows or all",
    ["basic", "digest", "both", "ntlm", "negotiate", "windows", "all"],
    { fallback: "basic" },
  ),
} as const;
