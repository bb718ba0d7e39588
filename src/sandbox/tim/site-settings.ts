import type { Fault } from "./faults.ts";

export const loginModes = ["basic", "digest", "both", "ntlm", "negotiate", "windows", "all"] as const;
export const digestAlgorithms = [
  "MD5",
  "MD5-sess",
  "SHA-256",
  "SHA-256-sess",
  "SHA-512-256",
  "SHA-512-256-sess",
] as const;
export const expiredLooks = ["403", "401", "404", "410", "html", "empty", "reset"] as const;
export const tlsModes = ["none", "trusted", "self-signed", "wrong-host", "expired", "old-protocol"] as const;
export const codecs = ["pcm16", "alaw", "ulaw"] as const;
export const wavForms = [
  "plain",
  "fact",
  "list",
  "riff-zero",
  "riff-max",
  "riff-wrong",
  "odd-pad",
  "empty-data",
  "mp3",
] as const;

export type LoginMode = (typeof loginModes)[number];
export type DigestAlgorithm = (typeof digestAlgorithms)[number];
export type ExpiredLook = (typeof expiredLooks)[number];
export type TlsMode = (typeof tlsModes)[number];
export type Codec = (typeof codecs)[number];
export type WavForm = (typeof wavForms)[number];

/** What one recording's audio is like; whatever is absent follows from the recording's id. */
export interface AudioShape {
  codec?: Codec;
  channels?: 1 | 2;
  seconds?: number;
  form?: WavForm;
  /** A body of this many bytes, a header and then silence, streamed and never held in memory. */
  sparseBytes?: number;
}

/**
 * Every way in which this TIM and its Echo can behave. The object is read anew for each request, so that a test may
 * change any of it in the middle of a run. Plain JSON: `POST /_sandbox/control` merges into it.
 */
export interface TimSettings {
  login: {
    mode: LoginMode;
    username: string;
    password: string;
    realm: string;
    /** Offered in this order. */
    algorithms: DigestAlgorithm[];
    /** `none`: the digest of RFC 2069, without qop. */
    qop: "auth" | "none";
    nonceLifeMs: number;
    /** Whether a nonce serves more than one request; if not, the second use is answered `stale=true`. */
    nonceReusable: boolean;
    /** One WWW-Authenticate header for each challenge, or all in one. */
    challenges: "separate" | "joined";
    /** Sets a session cookie, which has no business at Echo. */
    cookie: boolean;
  };
  flood: {
    /** Bad logins from one address before it is locked; 0 = never. */
    failCount: number;
    lockMs: number;
    look: "401" | "403" | "reset";
    /** Whether a request without credentials counts as a bad login. */
    countsChallenges: boolean;
  };
  access: {
    /** The web class may not use the voice script at all. */
    scriptBlocked: boolean;
    /** Voicefilenames outside the user's part of the directory. */
    outOfScope: string[];
    look: "403" | "404";
    /** Voicefilenames for which TIM issues tokens although the audio is gone. */
    audioMissing: string[];
  };
  voice: {
    /** Path without the extension. */
    path: string;
    extensions: ("wav" | "mp3")[];
    /** `literal` accepts only the request as printed, without `&` before the last three parameters. */
    separators: "ampersand" | "literal";
    saltRequired: boolean;
    unknown: "404" | "empty" | "html" | "500";
    delayMs: number;
  };
  answer: {
    /** Text after the URL. */
    trailer: string;
    bom: boolean;
    contentType: string;
    contentLength: boolean;
    url: "absolute" | "relative";
    redirect: boolean;
    /** Names Echo by another `host:port` in the token URL. */
    echoHost: string;
    /** Answers this text instead of a URL. */
    body: string | null;
    /** A token URL holding characters that a URL class would rewrite. */
    awkward: boolean;
  };
  token: {
    ttlMs: number;
    /** The same request, salt included, gets the same token again, however old. */
    cached: boolean;
    singleUse: boolean;
    ipBound: boolean;
    /** Cuts a body that is still on its way when the token's time is over. */
    strict: boolean;
    expired: ExpiredLook;
  };
  echo: {
    ranges: boolean;
    etag: "none" | "strong" | "weak";
    /** `longer` and `shorter` announce another length than the recording's. */
    length: "content-length" | "chunked" | "close" | "longer" | "shorter";
    contentType: string;
    delayMs: number;
    /** 0 = as fast as possible. */
    bytesPerSecond: number;
  };
  audio: {
    /** For every recording. */
    every: AudioShape;
    /** For single ones, by voicefilename. */
    only: Record<string, AudioShape>;
    /** Masked sections in seconds, by voicefilename. */
    masked: Record<string, [from: number, to: number][]>;
  };
  signal: { path: string };
  tls: { tim: TlsMode; echo: TlsMode };
  /** Milliseconds before a new connection is looked at. */
  acceptDelayMs: number;
  faults: Fault[];
}

/** Parts of the settings, to any depth. */
export type TimSettingsPatch = DeepPartial<TimSettings>;

type DeepPartial<T> = T extends readonly unknown[] ? T : T extends object ? { [K in keyof T]?: DeepPartial<T[K]> } : T;

/** A TIM as the vendor's page lets one expect it; each value is an assumption where the page says nothing. */
export function defaultTimSettings(): TimSettings {
  return {
    login: {
      mode: "basic",
      username: "callreel",
      password: "Straße & 7%:geheim",
      realm: "TIM Enterprise",
      algorithms: ["SHA-256", "MD5"],
      qop: "auth",
      nonceLifeMs: 300_000,
      nonceReusable: true,
      challenges: "separate",
      cookie: true,
    },
    flood: { failCount: 0, lockMs: 60_000, look: "401", countsChallenges: false },
    access: { scriptBlocked: false, outOfScope: [], look: "403", audioMissing: [] },
    voice: {
      path: "/voice",
      extensions: ["wav", "mp3"],
      separators: "ampersand",
      saltRequired: true,
      unknown: "404",
      delayMs: 0,
    },
    answer: {
      trailer: "",
      bom: false,
      contentType: "text/plain",
      contentLength: true,
      url: "absolute",
      redirect: false,
      echoHost: "",
      body: null,
      awkward: false,
    },
    token: { ttlMs: 60_000, cached: false, singleUse: false, ipBound: false, strict: false, expired: "403" },
    echo: {
      ranges: false,
      etag: "none",
      length: "content-length",
      contentType: "audio/wav",
      delayMs: 0,
      bytesPerSecond: 0,
    },
    audio: { every: {}, only: {}, masked: {} },
    signal: { path: "/signal" },
    tls: { tim: "none", echo: "none" },
    acceptDelayMs: 0,
    faults: [],
  };
}
