import { refuse, send, sendJson, type Visit } from "./answer.ts";
import { cataloguePage } from "./catalogue.ts";
import type { Doors } from "./login.ts";
import { playerHtml } from "./page/html.ts";
import { playerScript } from "./page/script.ts";
import { keyOfPath, type Recordings } from "./recordings.ts";
import type { Listener } from "./sessions.ts";
import type { Shelf } from "./shelf.ts";

export interface House {
  readonly doors: Doors;
  readonly recordings: Recordings;
  readonly shelf: Shelf;
  /** Whether there is a source to fetch from. */
  readonly fetches: boolean;
}

/** Answers one request whose Host and Origin are right: first who it is, then what is asked. */
export async function route(visit: Visit, house: House): Promise<void> {
  const { request, response } = visit;
  const { path, query } = split(request.url ?? "/");
  if (await house.doors.answer(visit, path, query)) return;
  const listener = house.doors.listener(request);
  if (listener === undefined || (await listener.stillIn?.()) === false) return house.doors.turnAway(visit, path);
  if (request.method !== "GET" && request.method !== "HEAD") {
    return refuse(response, 405, "Only GET and HEAD are answered here.", { allow: "GET, HEAD" });
  }
  const asset = assets[path];
  if (asset !== undefined) return send(response, 200, ...asset, { "cache-control": "no-cache" });
  if (path === "/api/me") {
    return sendJson(response, 200, {
      name: listener.name,
      logout: house.doors.key === undefined,
      fetches: house.fetches,
    });
  }
  if (path === "/api/recordings") {
    return sendJson(response, 200, await cataloguePage(house.shelf, query, listener, house.recordings.canFetch));
  }
  return recording(visit, path, query, listener, house.recordings);
}

const assets: Readonly<Record<string, readonly [type: string, body: string]>> = {
  "/": ["text/html; charset=utf-8", playerHtml],
  "/player.js": ["text/javascript; charset=utf-8", playerScript],
};

/** What is asked under a recording's key, which is the rest of the path. */
async function recording(
  visit: Visit,
  path: string,
  query: URLSearchParams,
  listener: Listener,
  recordings: Recordings,
): Promise<void> {
  const [, prefix, rest = ""] = /^\/(r|api\/peaks|api\/recording)\/(.+)$/.exec(path) ?? [];
  const key = keyOfPath(rest);
  if (prefix === undefined || key === undefined) return refuse(visit.response, 404, "There is nothing here.");
  const asked = { ...visit, key, listener, query };
  if (prefix === "r") return recordings.play(asked);
  return prefix === "api/peaks" ? recordings.peaks(asked) : recordings.describe(asked);
}

/** Path and query as they came: a path is never normalised, for it is a key. */
function split(url: string): { path: string; query: URLSearchParams } {
  const at = url.indexOf("?");
  const path = at === -1 ? url : url.slice(0, at);
  return { path, query: new URLSearchParams(at === -1 ? "" : url.slice(at + 1)) };
}
