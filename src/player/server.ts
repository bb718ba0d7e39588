import { randomBytes } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo } from "node:net";
import { RecordingError } from "../core/model/errors.ts";
import { type Doors, openDoors } from "./auth/login.ts";
import type { WebLogin } from "./auth/oauth.ts";
import type { Users } from "./auth/passwords.ts";
import { type Listener, openSessions } from "./auth/sessions.ts";
import {
  bracketed,
  foreignRequest,
  isAmbiguous,
  isAnyAddress,
  openVisitorAddress,
  type Place,
  placeOf,
  trustedProxies,
  type VisitorAddress,
} from "./auth/visitor.ts";
import type { ArchiveSet } from "./library/archive-set.ts";
import { sendCsv } from "./library/catalogue-csv.ts";
import { type Catalogue, cataloguePage, catalogueTotal } from "./library/catalogue-page.ts";
import { type CatalogueQuery, readQuery } from "./library/catalogue-query.ts";
import { playerHtml } from "./page/html.ts";
import { playerScript } from "./page/script.ts";
import { policyWithMedia, refuse, send, sendJson, type Visit } from "./respond.ts";
import { refuseError } from "./streaming/fetch-on-demand.ts";
import { keyOfPath, openRecordings, type RecordingPorts, type Recordings } from "./streaming/recordings.ts";

export interface PlayerSettings {
  readonly host: string;
  /** 0 = any free one. */
  readonly port: number;
  readonly tls?: { readonly cert: string; readonly key: string };
  /** The address under which people reach the player, when it is not the one it listens on. */
  readonly playerUrl?: string;
  /** From which address a visitor comes; the connection's own unless told. */
  readonly visitorAddress?: VisitorAddress;
  /** Whoever takes the list as CSV has to say why. */
  readonly reasonRequired?: boolean;
}

export interface PlayerPorts extends RecordingPorts {
  readonly users?: Users;
  readonly webLogin?: WebLogin;
  /** Told of errors that nobody expects. */
  readonly warn: (message: string) => void;
}

/** The running player. */
export interface Player extends AsyncDisposable {
  /** Its address, without a key. */
  readonly address: string;
  /** The address that lets in: with the key, where a key is what lets in. */
  readonly entrance: string;
  /** An address that lets in once, for a browser on this machine. */
  entranceOnce(): string;
}

/** Serves the archives' page and recordings. Throws `usage` when the address cannot be had. */
export async function openPlayer(settings: PlayerSettings, ports: PlayerPorts): Promise<Player> {
  const { host, tls, playerUrl } = settings;
  let handle: (request: IncomingMessage, response: ServerResponse) => void = (_, response) => response.destroy();
  const listener = (request: IncomingMessage, response: ServerResponse) => handle(request, response);
  const options = {
    maxHeaderSize: 16 * 1024,
    headersTimeout: 15_000,
    requestTimeout: 30_000,
    keepAliveTimeout: 10_000,
  };
  const server = tls === undefined ? createServer(options, listener) : secureServer({ ...options, ...tls }, listener);
  const port = await listen(server, host, settings.port);
  const place = placeOf(host, port, tls !== undefined, playerUrl);
  const sessions = openSessions(port, place.secure, ports.clock.now);
  const visitorAddress = settings.visitorAddress ?? openVisitorAddress(false, trustedProxies([]));
  const doors = openDoors({ place, sessions, visitorAddress, ...ports });
  handle = handler(place, doors, ports, settings.reasonRequired ?? false);

  const shown = isAnyAddress(host) ? "127.0.0.1" : host;
  const address = playerUrl ?? `${tls === undefined ? "http" : "https"}://${bracketed(shown)}:${port}`;
  const withKey = (key: string | undefined) => (key === undefined ? `${address}/` : `${address}/?key=${key}`);
  return {
    address,
    entrance: withKey(doors.key),
    entranceOnce: () => withKey(doors.ticket()),
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
      await sessions.close();
    },
  };
}

function handler(place: Place, doors: Doors, ports: PlayerPorts, reasonRequired: boolean) {
  const site = {
    doors,
    archiveSet: ports.archiveSet,
    recordings: openRecordings(ports),
    fetches: ports.missing !== undefined,
    reasonRequired,
    now: ports.clock.now,
    addressOf: ({ headers }: IncomingMessage) =>
      place.playerUrl ?? `${place.secure ? "https" : "http"}://${headers.host ?? ""}`,
  };
  return (request: IncomingMessage, response: ServerResponse): void => {
    if (isAmbiguous(request)) {
      refuse(response, 400, "The request must name one host, and a path.");
      return;
    }
    const foreign = foreignRequest(request, place);
    if (foreign !== undefined) {
      refuse(response, 403, foreign);
      return;
    }
    const gone = new AbortController();
    response.on("close", () => gone.abort());
    route({ request, response, signal: gone.signal }, site).catch((error: unknown) => {
      if (gone.signal.aborted) return;
      if (error instanceof RecordingError && error.code !== "bug" && !response.headersSent) {
        ports.warn(error.message);
        refuseError(error, response);
        return;
      }
      const number = randomBytes(3).toString("hex");
      ports.warn(`The player could not answer (${number}): ${error instanceof Error ? error.message : "unknown"}`);
      if (response.headersSent) response.destroy();
      else refuse(response, 500, `Something went wrong (${number}).`);
    });
  };
}

function secureServer(...[options, listener]: Parameters<typeof createSecureServer>): Server {
  try {
    return createSecureServer(options, listener) as unknown as Server;
  } catch (error) {
    throw new RecordingError("usage", "--tls-cert and --tls-key do not hold a certificate and its key (PEM).", {
      cause: error,
    });
  }
}

function listen(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      const message = `The player cannot listen on ${bracketed(host)}:${port} (${error.code ?? "error"}). Choose another with --port (0 = any free one) or --host.`;
      reject(new RecordingError("usage", message, { cause: error }));
    });
    server.listen(port, host.replace(/^\[|\]$/g, ""), () => resolve((server.address() as AddressInfo).port));
  });
}

export interface Site {
  readonly doors: Doors;
  readonly recordings: Recordings;
  readonly archiveSet: ArchiveSet;
  /** Whether there is a source to fetch from. */
  readonly fetches: boolean;
  /** The list is given as CSV only with a reason for the audit log. */
  readonly reasonRequired: boolean;
  readonly now: () => number;
  /** The player's address as the visitor knows it. */
  readonly addressOf: (request: IncomingMessage) => string;
}

/** Answers one request whose Host and Origin are right: first who it is, then what is asked. */
export async function route(visit: Visit, site: Site): Promise<void> {
  const { request, response } = visit;
  const { path, query } = split(request.url ?? "/");
  if (await site.doors.answer(visit, path, query)) return;
  const listener = site.doors.listener(request);
  if (listener === undefined || (await listener.stillIn?.()) === false) return site.doors.turnAway(visit, path);
  if (request.method !== "GET" && request.method !== "HEAD") {
    return refuse(response, 405, "Only GET and HEAD are answered here.", { allow: "GET, HEAD" });
  }
  const asset = assets[path];
  if (asset !== undefined) {
    const policy = { "content-security-policy": policyWithMedia(mediaOrigins(site.archiveSet)) };
    return send(response, 200, ...asset, { "cache-control": "no-cache", ...policy });
  }
  if (path === "/api/me") {
    return sendJson(response, 200, {
      name: listener.name,
      logout: site.doors.key === undefined,
      fetches: site.fetches,
      reasonRequired: site.reasonRequired,
    });
  }
  if (Object.hasOwn(lists, path)) return lists[path]?.(visit, query, listener, site);
  return recording(visit, path, query, listener, site.recordings);
}

/** Where listeners are sent for audio, besides here. */
function mediaOrigins({ archives }: ArchiveSet): readonly string[] {
  return [...new Set(archives.flatMap(({ presigned }) => presigned?.origin ?? []))];
}

const assets: Readonly<Record<string, readonly [type: string, body: string]>> = {
  "/": ["text/html; charset=utf-8", playerHtml],
  "/player.js": ["text/javascript; charset=utf-8", playerScript],
};

type List = (visit: Visit, params: URLSearchParams, listener: Listener, site: Site) => Promise<void>;

async function refuseWithoutReason({ response }: Visit): Promise<void> {
  refuse(
    response,
    403,
    "Taking the list needs a reason here: use Save as CSV on the player's page, which asks for it.",
  );
}

/** The list of recordings: a page of it, how long it is, all of it as CSV. */
const lists: Readonly<Record<string, List>> = {
  "/api/recordings": listed(async ({ response }, params, asked, catalogue) =>
    sendJson(response, 200, await cataloguePage(catalogue, params, asked)),
  ),
  "/api/total": listed(async ({ response, signal }, params, asked, catalogue) => {
    const total = await catalogueTotal(catalogue, params, asked, signal);
    if (total !== undefined) sendJson(response, 200, total);
  }),
  "/api/recordings.csv": (visit, params, listener, site) => {
    if (site.reasonRequired && !params.get("reason")?.trim()) return refuseWithoutReason(visit);
    return listedCsv(visit, params, listener, site);
  },
};

const listedCsv = listed((visit, params, asked, catalogue, address) =>
  sendCsv(visit, catalogue, params, asked, address),
);

function listed(
  answer: (
    visit: Visit,
    params: URLSearchParams,
    asked: CatalogueQuery,
    catalogue: Catalogue,
    address: string,
  ) => Promise<void>,
): List {
  return async (visit, params, listener, { archiveSet, recordings, now, addressOf }) => {
    const asked = readQuery(params, now());
    if (asked.unread === undefined) {
      const catalogue = { archiveSet, listener, canFetch: recordings.canFetch };
      return answer(visit, params, asked, catalogue, addressOf(visit.request));
    }
    const forms = "write it like 5 Oct 2026, October 2026, yesterday or 2026-10-05";
    refuse(visit.response, 400, `"${asked.unread.slice(0, 40)}" is not a date; ${forms}.`);
  };
}

/** What is asked under a recording's key, which is the rest of the path. */
async function recording(
  visit: Visit,
  path: string,
  query: URLSearchParams,
  listener: Listener,
  recordings: Recordings,
): Promise<void> {
  const [, prefix, rest = ""] = /^\/(r|api\/peaks|api\/recording|api\/transcript)\/(.+)$/.exec(path) ?? [];
  const key = keyOfPath(rest);
  if (prefix === undefined || key === undefined) return refuse(visit.response, 404, "There is nothing here.");
  const asked = { ...visit, key, listener, query };
  if (prefix === "r") return recordings.play(asked);
  if (prefix === "api/transcript") return recordings.transcript(asked);
  return prefix === "api/peaks" ? recordings.peaks(asked) : recordings.describe(asked);
}

/** Path and query as they came: a path is never normalised, for it is a key. */
function split(url: string): { path: string; query: URLSearchParams } {
  const at = url.indexOf("?");
  const path = at === -1 ? url : url.slice(0, at);
  return { path, query: new URLSearchParams(at === -1 ? "" : url.slice(at + 1)) };
}
