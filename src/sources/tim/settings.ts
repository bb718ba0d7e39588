import { RecordingError } from "../../core/model/errors.ts";
import type { DownloadEvent } from "../../core/model/events.ts";
import type { Clock } from "../../core/model/ports.ts";
import type { RecordingRef } from "../../core/model/recording.ts";
import type { Http } from "../../http/client.ts";
import { isLoopback } from "../../http/networks.ts";
import { checkRewrite, type EchoRewrite } from "./echo-rewrite.ts";
import { compileTemplate, defaultTemplate, type TokenUrl } from "./token-url.ts";

/** How a TIM Enterprise is reached. Plain data. */
export interface TimSettings {
  /** Base address of TIM's web server: `https://tim.example.com`, with a path where TIM stands under one. */
  readonly url: string;
  readonly user: string;
  readonly password: string;
  /** `auto` asks the server once and remembers; `basic` sends the password ahead; `digest` never sends it readable. */
  readonly auth?: "auto" | "basic" | "digest";
  /** Address of a token request with `{base} {format} {datasource} {voicelocation} {voicefilename} {salt}`. */
  readonly urlTemplate?: string;
  readonly echoRewrite?: readonly EchoRewrite[];
  readonly format: "wav" | "mp3";
  /** Age beyond which a token URL is not used any more; 50 s unless told. */
  readonly linkMaxAgeMs?: number;
  /** Whether a broken download may be continued with a Range request; off, as no page promises that Echo can. */
  readonly resumable?: boolean;
  /** Sends the login to Echo too (Basic), when Echo runs under TIM's own host name or one named in `echoRewrite`. */
  readonly echoAuth?: boolean;
  /** Folder where the login scheme of a server is remembered. */
  readonly stateDir?: string;
  /** URL of the proxy that requests to `url` go through, where they do: for `check`, whose look at TLS goes by itself. */
  readonly proxy?: string;
  /** A recording for `check` to ask a token for. */
  readonly sample?: RecordingRef;
}

/** What the source is handed of the world. */
export interface TimContext {
  readonly http: Http;
  readonly clock: Clock;
  readonly random: () => number;
  readonly report: (event: DownloadEvent) => void;
}

/** The settings, checked and completed. */
export interface Tim {
  readonly settings: TimSettings;
  /** Without query, fragment or a slash at the end. */
  readonly base: URL;
  readonly tokenUrl: TokenUrl;
  readonly echoRewrite: readonly EchoRewrite[];
  readonly linkMaxAgeMs: number;
}

/** Checks the settings once; throws `usage` with the flag to correct. Nothing is asked of any server. */
export function checkSettings(settings: TimSettings, random: () => number): Tim {
  const base = baseUrl(settings.url);
  const { user, password } = settings;
  if (user === "")
    throw new RecordingError(
      "usage",
      "No TIM user: give --tim-user or TIM_USERNAME, or run `callreel auth login tim`.",
    );
  if (password === "") {
    throw new RecordingError(
      "usage",
      "No TIM password: give --tim-password-file or TIM_PASSWORD, or run `callreel auth login tim`.",
    );
  }
  if (/[\0-\x1f\x7f]|\p{Cs}/u.test(user + password))
    throw new RecordingError(
      "usage",
      "TIM user and password must not contain control characters; look for a stray line break in --tim-password-file.",
    );
  for (const rewrite of settings.echoRewrite ?? []) checkRewrite(rewrite);
  return {
    settings,
    base,
    tokenUrl: compileTemplate(settings.urlTemplate ?? defaultTemplate, base, settings.format, random),
    echoRewrite: settings.echoRewrite ?? [],
    linkMaxAgeMs: settings.linkMaxAgeMs ?? 50_000,
  };
}

/** Whether what is sent there can be read on a network: plain http to another machine. */
export function readableOnTheWire(url: URL): boolean {
  return url.protocol === "http:" && !isLoopback(url.hostname);
}

function baseUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw new RecordingError("usage", "--tim-url is not a web address; it must look like https://tim.example.com.");
  }
  if (url.username !== "" || url.password !== "") {
    throw new RecordingError("usage", "--tim-url must not contain a login: give --tim-user and --tim-password-file.");
  }
  if (url.search !== "" || url.hash !== "") {
    throw new RecordingError(
      "usage",
      "--tim-url must not contain `?` or `#`; other forms of address go into --tim-url-template.",
    );
  }
  url.pathname = url.pathname.replace(/\/+$/, "");
  return url;
}
