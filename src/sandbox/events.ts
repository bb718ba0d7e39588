/** Something a sandbox saw or did: a request, a penalty, a login. `kind` says what; the other fields depend on it. */
export interface SandboxEvent {
  readonly kind: string;
  readonly [field: string]: unknown;
}

/** An event as the log keeps it: numbered from 1, with the sandbox clock's time. */
export type LoggedEvent = SandboxEvent & { readonly seq: number; readonly at: number };

/** What happened in a sandbox, for tests to assert on. */
export interface EventLog {
  record(event: SandboxEvent): void;
  /** The kept events, oldest first. */
  all(): LoggedEvent[];
  /** How many of the kept events the predicate accepts. */
  count(predicate: (event: LoggedEvent) => boolean): number;
  /** How many events of this kind were ever recorded, forgotten ones too. */
  total(kind: string): number;
  clear(): void;
}

/** Opens an event log that keeps the newest `limit` events (default 100,000), so that long runs stay in flat memory. */
export function openEventLog(options: { clock?: { now(): number }; limit?: number } = {}): EventLog {
  const { clock = Date, limit = 100_000 } = options;
  const totals = new Map<string, number>();
  let ring: LoggedEvent[] = [];
  let seq = 0;
  const all = () => {
    const oldest = ring.length < limit ? 0 : seq % limit;
    return [...ring.slice(oldest), ...ring.slice(0, oldest)];
  };
  return {
    record(event) {
      ring[seq % limit] = { ...event, seq: seq + 1, at: clock.now() };
      seq += 1;
      totals.set(event.kind, (totals.get(event.kind) ?? 0) + 1);
    },
    all,
    count: (predicate) => ring.reduce((sum, event) => sum + (predicate(event) ? 1 : 0), 0),
    total: (kind) => totals.get(kind) ?? 0,
    clear() {
      ring = [];
      seq = 0;
      totals.clear();
    },
  };
}
