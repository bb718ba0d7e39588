import type { RingCentralFault } from "./fault.ts";

/** What a handler answers: JSON, or a body of another type. */
export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly json?: unknown;
  readonly body?: Buffer;
  /** Leaves Content-Length out. */
  readonly chunked?: boolean;
  /** How sending the body goes wrong. */
  readonly fault?: RingCentralFault | undefined;
}

/** 200 with this JSON. */
export function ok(json: unknown): Answer {
  return { status: 200, json };
}
