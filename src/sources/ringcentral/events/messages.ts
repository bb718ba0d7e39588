import type { Json } from "../api.ts";

/** A message of the gateway: its head's fields that matter, and its body. */
export interface Frame {
  readonly type: string;
  readonly messageId: string;
  readonly status: number;
  readonly body: Json;
}

/** A message as it came; undefined for what is none. */
export function frameOf(text: string): Frame | undefined {
  try {
    const [head, body] = JSON.parse(text) as readonly unknown[];
    if (!isObject(head)) return undefined;
    const { type, messageId, status } = head;
    const own = isObject(body) ? body : {};
    return { type: String(type), messageId: String(messageId), status: Number(status) || 0, body: own };
  } catch {
    return undefined;
  }
}

/** Whether a telephony session's event says that one of its parties has hung up: its recording is on its way. */
export function isCallEnd(event: Json): boolean {
  const parties = isObject(event.body) && Array.isArray(event.body.parties) ? event.body.parties : [];
  return parties.some((party: unknown) => {
    const status = isObject(party) ? party.status : undefined;
    return isObject(status) && ["Disconnected", "Gone"].includes(String(status.code));
  });
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
