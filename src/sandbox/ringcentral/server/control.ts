import { addCalls } from "../calls/add.ts";
import type { Sandbox } from "../context.ts";
import { type Answer, ok } from "./answer.ts";
import { patch } from "./patch.ts";
import type { SandboxRequest } from "./request.ts";

/** What `POST /_sandbox/control` takes: each part is optional. */
export interface Control {
  /** Merged into the settings; lists are replaced. An unknown name is refused. */
  settings?: object;
  /** Moves the clock. */
  advanceMs?: number;
  /** Adds so many calls that end now. */
  addCalls?: number;
  /** Kills every session. */
  endSessions?: boolean;
  /** Ends every WebSocket. */
  endConnections?: boolean;
  /** Forgets rate-limit windows and penalties. */
  resetLimits?: boolean;
}

/** Answers `/_sandbox/…`: control, events, stats, settings, recordings and their audio, for tests in another process. */
export function control(sandbox: Sandbox, request: SandboxRequest): Answer {
  const { path, method } = request;
  if (path === "/_sandbox/control" && method === "POST") return applied(sandbox, request.body);
  if (path === "/_sandbox/settings") return ok(sandbox.settings);
  if (path === "/_sandbox/events") return ok(sandbox.events.all());
  if (path === "/_sandbox/stats")
    return ok({ ...sandbox.stats, now: sandbox.clock.now(), sha256: hashes(sandbox, request) });
  if (path === "/_sandbox/recordings") return ok(recordings(sandbox, Number(request.query.get("limit") ?? 1_000)));
  const id = /^\/_sandbox\/audio\/(\d+)$/.exec(path)?.[1];
  if (id === undefined || !sandbox.calls.byRecordingId(id)) return { status: 404, json: { error: "not found" } };
  return { status: 200, headers: { "Content-Type": sandbox.audio.typeOf(id) }, body: sandbox.audio.of(id) };
}

function applied(sandbox: Sandbox, body: string): Answer {
  try {
    const order: Control = JSON.parse(body);
    if (order.settings) patch(sandbox.settings, order.settings);
    if (order.advanceMs) sandbox.clock.advance(order.advanceMs);
    if (order.endSessions) sandbox.sessions.closeAll();
    if (order.resetLimits) sandbox.limiter.reset();
    if (order.endConnections) sandbox.gateway.closeAll();
    const added = addCalls(sandbox, order.addCalls ?? 0);
    return ok({
      now: sandbox.clock.now(),
      added: added.map(({ recordId, recordings: ids }) => ({ recordId, recordings: ids })),
    });
  } catch (error) {
    return { status: 400, json: { error: (error as Error).message } };
  }
}

/** SHA-256 of each recording that was served, when asked for with `?sha256=1`. */
function hashes({ stats, audio }: Sandbox, request: SandboxRequest): Record<string, string> {
  if (!request.query.has("sha256")) return {};
  return Object.fromEntries(Object.keys(stats.downloads).map((id) => [id, audio.sha256Of(id)]));
}

function recordings({ calls }: Sandbox, limit: number): object[] {
  const list: object[] = [];
  for (const { id, call } of calls.recordings()) {
    if (list.length >= limit) break;
    list.push({ id, recordId: call.recordId, kind: call.kind, startMs: call.startMs });
  }
  return list;
}
