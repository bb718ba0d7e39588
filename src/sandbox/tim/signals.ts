import type { ServerResponse } from "node:http";
import type { Call } from "./calls.ts";
import type { Section } from "./mask.ts";
import { reply } from "./reply.ts";
import type { Site } from "./site.ts";

/** The mute-on and mute-off signals that agents' software has sent, kept with their time. */
export interface Signals {
  add(object: SignalObject, on: boolean, atMs: number): void;
  /** The sections of a recording that lie between a mute-on and the next mute-off of its user or channel. */
  sections(call: Call, nowMs: number): Section[];
}

export interface SignalObject {
  readonly type: "user" | "channel";
  readonly id: string;
}

export function openSignals(): Signals {
  const sent = new Map<string, { readonly on: boolean; readonly atMs: number }[]>();
  const nameOf = ({ type, id }: SignalObject) => `${type} ${id}`;
  return {
    add(object, on, atMs) {
      sent.set(nameOf(object), [...(sent.get(nameOf(object)) ?? []), { on, atMs }]);
    },
    sections(call, nowMs) {
      const objects: SignalObject[] = [
        { type: "user", id: call.extension },
        { type: "channel", id: call.voicelocation },
      ];
      const start = Date.parse(`${call.start.replace(" ", "T")}Z`);
      const end = start + Number(call.duration) * 1000;
      const spans = objects.flatMap((object) => spansOf(sent.get(nameOf(object)) ?? [], nowMs));
      return spans
        .filter(([from, to]) => from < end && to > start)
        .map(([from, to]) => [Math.max(0, from - start) / 1000, (Math.min(end, to) - start) / 1000] as const);
    },
  };
}

/** A section that was never closed goes on until now. */
function spansOf(signals: readonly { on: boolean; atMs: number }[], nowMs: number): Section[] {
  const spans: Section[] = [];
  let since: number | undefined;
  for (const { on, atMs } of signals) {
    if (on) since ??= atMs;
    else if (since !== undefined) {
      spans.push([since, atMs]);
      since = undefined;
    }
  }
  return since === undefined ? spans : [...spans, [since, nowMs]];
}

/** `cat=0x04&type=0x01|0x02&objtype=user|channel&objid=…&key=…` */
export function answerSignal(site: Site, query: string, response: ServerResponse) {
  const fields = new URLSearchParams(query);
  const type = fields.get("objtype");
  const id = fields.get("objid");
  const on = fields.get("type") === "0x01";
  const known = fields.get("cat") === "0x04" && (on || fields.get("type") === "0x02");
  if (!known || (type !== "user" && type !== "channel") || !id || !fields.get("key"))
    return reply(response, 400, "Bad request.\r\n");
  const fault = site.faults.next(site.settings.faults, "tim", id);
  if (fault?.do === "status") return reply(response, fault.status ?? 500, "Internal error.\r\n");
  const isKnown = site.rows.some((row) => (type === "user" ? row.extension : row.voicelocation) === id);
  if (!isKnown) return reply(response, 404, "Object not found.\r\n");
  site.signals.add({ type, id }, on, site.clock.now());
  site.events.record({ kind: "tim-signal", on, objtype: type, objid: id });
  reply(response, 200, "OK\r\n");
}
