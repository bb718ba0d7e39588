import type { Call, Direction } from "../../core/recording.ts";

const texts = ["start", "from", "to", "extension", "user", "name", "type", "session", "account", "callId"] as const;

/** The `call` of a recording that was printed as JSON, as far as its fields are what they should be. */
export function callOfRef(value: unknown): Call {
  if (typeof value !== "object" || value === null) return {};
  const fields = value as Record<string, unknown>;
  const call: Record<string, unknown> = {};
  for (const name of texts) {
    const text = fields[name];
    if (typeof text === "string" && text !== "" && text.length <= 1000) call[name] = text;
  }
  if (typeof fields.duration === "number" && fields.duration >= 0) call.duration = fields.duration;
  if (isDirection(fields.direction)) call.direction = fields.direction;
  return call;
}

function isDirection(value: unknown): value is Direction {
  return value === "inbound" || value === "outbound" || value === "internal";
}
