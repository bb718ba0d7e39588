import { RecordingError } from "../core/model/errors.ts";

/** When a transfer is too slow to go on with. */
export interface LowSpeed {
  /** Bytes a second; 0 lets any speed pass. */
  readonly bytes: number;
  /** Over how long, milliseconds. */
  readonly overMs: number;
}

/** An exchange under way, as far as its speed goes. */
export interface Watched {
  /** Bytes of the body so far. */
  readonly received: number;
  /** Bytes of the request's body so far. */
  readonly sent: number;
  /** Whether the answer's head is here. */
  readonly hasHead: boolean;
  /** Whether the bytes wait for us, and not we for them. */
  readonly heldBack: boolean;
  fail(error: RecordingError): void;
}

/** Ends exchanges whose heads never come, whatever else comes instead, and those that trickle. */
export interface SpeedWatch extends Disposable {
  add(exchange: Watched, host: string): void;
  delete(exchange: Watched): void;
}

interface Mark {
  readonly host: string;
  atMs: number;
  received: number;
  sent: number;
  hadHead: boolean;
}

const lookEveryMs = 1000;

/** Watches all exchanges of a client by one timer; `headMs` is the longest wait for a head. */
export function openSpeedWatch({ bytes, overMs }: LowSpeed, headMs: number): SpeedWatch {
  const marks = new Map<Watched, Mark>();
  let timer: NodeJS.Timeout | undefined;

  function look(): void {
    const now = performance.now();
    for (const [exchange, mark] of marks) {
      const error = exchange.hasHead ? tooSlow(exchange, mark, now) : noHead(exchange, mark, now);
      if (error !== undefined) exchange.fail(error);
    }
  }

  /** Nobody answers before he has heard all. */
  function noHead({ sent }: Watched, mark: Mark, now: number): RecordingError | undefined {
    if (sent > mark.sent) Object.assign(mark, { atMs: now, sent });
    const { host, atMs } = mark;
    return now - atMs > headMs ? new RecordingError("timeout", `${host}: no answer in time.`) : undefined;
  }

  function tooSlow(exchange: Watched, mark: Mark, now: number): RecordingError | undefined {
    const { received } = exchange;
    const fast = received - mark.received >= (bytes * overMs) / 1000;
    if (fast || exchange.heldBack || !mark.hadHead) {
      Object.assign(mark, { atMs: now, received, hadHead: true });
      return undefined;
    }
    if (now - mark.atMs < overMs) return undefined;
    return new RecordingError("timeout", `${mark.host}: fewer than ${bytes} bytes a second (--low-speed).`);
  }

  return {
    add(exchange, host) {
      marks.set(exchange, { host, atMs: performance.now(), received: 0, sent: 0, hadHead: false });
      timer ??= setInterval(look, Math.min(lookEveryMs, Math.max(50, Math.min(overMs, headMs) / 4))).unref();
    },
    delete: (exchange) => void marks.delete(exchange),
    [Symbol.dispose]: () => clearInterval(timer),
  };
}
