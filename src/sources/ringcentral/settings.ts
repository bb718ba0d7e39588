import { createHash } from "node:crypto";
import { RecordingError } from "../../core/model/errors.ts";
import type { DownloadEvent } from "../../core/model/events.ts";
import type { Clock, RecordingKind } from "../../core/model/ports.ts";
import type { Http } from "../../http/client.ts";
import { isLoopback } from "../../http/networks.ts";
import type { SharedState } from "./shared-state.ts";

/** One RingCentral login, as plain data. */
export interface RingCentralSettings {
  /** API and OAuth host: `https://platform.ringcentral.com`. */
  readonly server: string;
  /** Media host: `https://media.ringcentral.com`. */
  readonly mediaServer: string;
  readonly clientId: string;
  /** Absent for public apps (PKCE). */
  readonly clientSecret?: string;
  /** A JWT credential from the developer console, sent as it is. */
  readonly jwt?: string;
  /** A ready access token: used as it is, never renewed. */
  readonly accessToken?: string;
  /** Folder of the state shared by every process of the user: tokens and the budget of requests. */
  readonly stateDir: string;
  readonly profile: string;
  /** Lowers the budget of requests; never raises it. */
  readonly ratePerMinute?: number;
  /** Repeats of a listing request that failed for now; 5 unless told. */
  readonly retries?: number;
  /** Fixed port of the loopback address that the browser login returns to. */
  readonly redirectPort: number;
  /** Account id; `~` (the login's own) unless told. */
  readonly account?: string;
  /** Calls say whose their extensions are, also where their numbers are told: costs a list of the extensions a day. */
  readonly users?: boolean;
  /** What is listed: calls unless told. */
  readonly kinds?: readonly RecordingKind[];
  /** Whether RingSense's insights are asked for. */
  readonly insights?: boolean;
  /** Login page of a partner brand. */
  readonly brandId?: string;
}

/** What the source needs of the world. */
export interface RingCentralContext {
  readonly http: Http;
  readonly clock: Clock;
  /** A number in [0, 1), for jitter. */
  readonly random: () => number;
  readonly report: (event: DownloadEvent) => void;
  /** What the machines of one ledger share: the budget of requests and, with a key, encrypted sessions; closed with the source. */
  readonly shared?: {
    readonly state: SharedState;
    readonly tokenKey?: Buffer;
    /** Owner of the login's lease between machines: nothing is sent once another has taken it over. */
    readonly lease?: string;
  };
}

/** Refuses settings that could send a secret where it does not belong; gives them back with their hosts in one form. */
export function checkedSettings(settings: RingCentralSettings): RingCentralSettings {
  const { ratePerMinute: rate } = settings;
  if (rate !== undefined && !(rate > 0)) {
    throw new RecordingError("usage", "The rate must be more than 0 requests a minute: see --rate.");
  }
  return {
    ...settings,
    server: origin(settings.server, "--server"),
    mediaServer: origin(settings.mediaServer, "--media-server"),
  };
}

/** Names a credential without saying who it is: what shares one token and one budget of requests. */
export function credentialOf(settings: RingCentralSettings, user: string): string {
  return digest([settings.server, settings.clientId, user].join("\n"));
}

/** Names an app at its server, whoever uses it: what shares the few logins a minute that RingCentral allows it. */
export function applicationOf(settings: Pick<RingCentralSettings, "server" | "clientId">): string {
  return digest(`app\n${settings.server}\n${settings.clientId}`);
}

export function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 32);
}

function origin(text: string, flag: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const secure = url?.protocol === "https:" || (url?.protocol === "http:" && isLoopback(url.hostname));
  if (url === undefined || !secure || url.username !== "" || url.password !== "") {
    throw new RecordingError(
      "usage",
      `${flag} must be an https address without a login in it (http only on this machine).`,
    );
  }
  return url.origin;
}
