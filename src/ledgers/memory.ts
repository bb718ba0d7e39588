import { fitsWords } from "../core/archive-fit.ts";
import { type Evidence, isAbsence, yieldNote } from "../core/download/evidence.ts";
import { RecordingError } from "../core/model/errors.ts";
import type { Claim, EntryFilter, Ledger, LedgerEntry, RunStart } from "../core/model/ledger.ts";
import type { RecordingKey, RecordingRef, Stored } from "../core/model/recording.ts";
import { inWindow } from "../core/selection.ts";
import {
  type Asker,
  evidenceAfter,
  type Held,
  isWantedStill,
  keptLocator,
  keptMessage,
  type RestState,
  reclaimRefusal,
  refusal,
  settlesShortness,
  stateAfter,
  wanted,
} from "./claim-rules.ts";
import type { LedgerContext } from "./index.ts";

const pageSize = 500;

interface Item {
  ref: RecordingRef;
  state: RestState;
  stored?: Stored;
  lastError?: { code: string; message: string };
  evidence?: Evidence | undefined;
  /** A short one that was asked for once more. */
  askedAgain?: boolean;
  attempts: number;
  firstSeenMs: number;
  changedMs: number;
  runId: string | null;
  leaseOwner: string | null;
}

/** A ledger that forgets all when it closes: for audio that goes to stdout, and for dry runs. */
export function openMemoryLedger({ clock }: LedgerContext): Ledger {
  const opened: OpenLedger = { items: new Map(), kept: new Map(), run: undefined, now: () => clock.now() };
  return {
    begin: async (start) => {
      if (opened.run !== undefined) throw new RecordingError("bug", "This ledger's run was started already.");
      opened.run = start;
    },
    claim: async (refs) => refs.map((ref) => take(opened, ref, refusal)),
    reclaim: async (ref) => take(opened, ref, reclaimRefusal),
    done: async (ref, stored) => {
      const again = opened.items.get(ref.key)?.state === "done";
      const item = settle(opened, ref, "done");
      item.stored = stored;
      item.ref = withoutName(item.ref);
      item.askedAgain = again;
      delete item.evidence;
    },
    failed: async (ref, error) => {
      if ((opened.items.get(ref.key)?.ref ?? ref).named) {
        opened.items.delete(ref.key);
        return undefined;
      }
      const kept = opened.items.get(ref.key)?.state === "done";
      const item = kept ? keep(opened, ref, error) : settle(opened, ref, stateAfter(error));
      item.attempts += 1;
      item.lastError = { code: error.code, message: keptMessage(error) };
      item.evidence = evidenceAfter(item.evidence, error, item.ref, clock.now(), (name) => opened.kept.get(name));
      return item.evidence;
    },
    release: async (key) => {
      const item = opened.items.get(key);
      if (item === undefined || item.leaseOwner !== opened.run?.runId) return;
      item.leaseOwner = null;
      if (item.ref.named) opened.items.delete(key);
    },
    finish: async () => {
      if (opened.run === undefined) throw new RecordingError("bug", "No run was started that could finish.");
      opened.run = undefined;
    },
    ...reading(opened),
    [Symbol.asyncDispose]: async () => opened.items.clear(),
  };
}

interface OpenLedger {
  readonly items: Map<RecordingKey, Item>;
  readonly kept: Map<string, string>;
  run: RunStart | undefined;
  now(): number;
}

function take(opened: OpenLedger, ref: RecordingRef, refuse: typeof refusal): Claim {
  if (opened.run === undefined) throw new RecordingError("bug", "A claim needs a run that was started.");
  const { runId } = opened.run;
  const held = opened.items.get(ref.key);
  const asker: Asker = {
    runId,
    now: opened.now,
    lives: (owner) => isAlive(opened, owner),
    hasYielded: (address) => opened.kept.has(yieldNote(address)),
  };
  const reason = held && refuse(heldOf(held), asker);
  if (held?.ref.named && !ref.named) held.ref = merged(held.ref, ref);
  if (held !== undefined && reason !== undefined) {
    if (refuse !== refusal) return { granted: false, reason };
    const { state, stored, evidence } = held;
    const { short } = heldOf(held);
    return {
      granted: false,
      reason,
      ...(state === "done" && stored && { path: stored.path }),
      ...(state === "done" && short && { short }),
      ...(isAbsence(state) && evidence && { evidence }),
    };
  }
  const item = itemFor(opened, ref);
  item.ref = merged(item.ref, ref);
  item.leaseOwner = runId;
  item.changedMs = opened.now();
  return { granted: true, attempts: item.attempts };
}

function settle(opened: OpenLedger, ref: RecordingRef, state: RestState): Item {
  const item = itemFor(opened, ref);
  item.state = state;
  item.runId = opened.run?.runId ?? "";
  item.leaseOwner = null;
  item.changedMs = opened.now();
  delete item.lastError;
  return item;
}

/** What was done stays so, and its claim ends. */
function keep(opened: OpenLedger, ref: RecordingRef, error: RecordingError): Item {
  const item = itemFor(opened, ref);
  item.leaseOwner = null;
  if (settlesShortness(error)) item.askedAgain = true;
  return item;
}

function itemFor({ items, now }: OpenLedger, ref: RecordingRef): Item {
  const known = items.get(ref.key);
  if (known !== undefined) return known;
  const item: Item = {
    ref: { ...ref, locator: keptLocator(ref.locator) },
    state: "pending",
    attempts: 0,
    firstSeenMs: now(),
    changedMs: now(),
    runId: null,
    leaseOwner: null,
  };
  items.set(ref.key, item);
  return item;
}

/** No other process sees this ledger: what an ended run left claimed is free. */
function isAlive({ run }: OpenLedger, owner: string): boolean {
  return owner === run?.runId;
}

function reading(
  opened: OpenLedger,
): Pick<Ledger, "pending" | "entries" | "keys" | "entry" | "entriesOf" | "callsOf" | "get" | "set" | "agree"> {
  const { items, kept } = opened;
  const entry = (item: Item) => entryOf(item, (owner) => isAlive(opened, owner));
  const found = (filter: EntryFilter) => {
    const sorted = [...items.values()].sort(byStart).map(entry);
    if (filter.newestFirst) sorted.reverse();
    return sorted.filter((each) => matches(each, filter));
  };
  const known = (key: RecordingKey) => {
    const item = items.get(key);
    return item && entry(item);
  };
  return {
    pending: async function* (source) {
      const open = [...items.values()].filter(
        ({ ref, state, runId, evidence }) =>
          ref.source === source &&
          runId !== opened.run?.runId &&
          (wanted.includes(state) || (isAbsence(state) && isWantedStill(evidence, opened.now()))),
      );
      const short = [...items.values()].filter(
        (item) =>
          item.ref.source === source && item.runId !== opened.run?.runId && item.state === "done" && heldOf(item).short,
      );
      yield* paged(open.sort(byStart).map(({ ref }) => ref));
      yield* paged(short.sort(byStart).map(({ ref }) => ref));
    },
    entries: async function* (filter) {
      yield* paged(found(filter));
    },
    keys: async function* (filter) {
      yield* paged(found(filter).map(({ ref }) => ref.key));
    },
    entry: async (key) => known(key),
    entriesOf: async (keys) => keys.map(known),
    callsOf: async (keys) => keys.map((key) => items.get(key)?.ref.call),
    get: async (name) => kept.get(name),
    set: async (name, value) => {
      kept.set(name, value);
    },
    async agree(name, value) {
      if (!kept.has(name)) kept.set(name, value);
      return kept.get(name) ?? value;
    },
  };
}

function heldOf({ ref, state, stored, attempts, runId, leaseOwner, evidence, askedAgain }: Item): Held {
  const short = stored?.short === true && askedAgain !== true;
  const named = ref.named === true;
  const flags = { short, named, damaged: false };
  return { state, path: stored?.path ?? null, attempts, runId, leaseOwner, evidence: evidence ?? null, ...flags };
}

/** Keeps what is known where the new ref does not say. */
function merged(known: RecordingRef, ref: RecordingRef): RecordingRef {
  const locator = Object.keys(ref.locator).length > 0 ? keptLocator(ref.locator) : known.locator;
  const all = { ...ref, locator, call: { ...known.call, ...ref.call } };
  return known.named ? all : withoutName(all);
}

/** More than a person's word stands for it. */
function withoutName({ named: _, ...ref }: RecordingRef): RecordingRef {
  return ref;
}

function entryOf(item: Item, lives: (owner: string) => boolean): LedgerEntry {
  const { ref, state, stored, lastError, evidence, attempts, firstSeenMs, changedMs, leaseOwner } = item;
  const leased = state !== "done" && leaseOwner !== null && lives(leaseOwner);
  return {
    ref,
    state: leased ? "claimed" : state,
    ...(state === "done" && stored && { stored }),
    attempts,
    ...(lastError && { lastError }),
    ...(evidence && { evidence }),
    firstSeenMs,
    changedMs,
    runId: (leased ? leaseOwner : item.runId) ?? "",
  };
}

function byStart(a: Item, b: Item): number {
  const [left, right] = [a.ref.call.start ?? "", b.ref.call.start ?? ""];
  return left < right ? -1 : left > right ? 1 : 0;
}

function matches({ ref, state }: LedgerEntry, filter: EntryFilter): boolean {
  const { states, source, window, isUndated, from, to, id } = filter;
  const { call } = ref;
  const start = call.start ?? "";
  return (
    (states?.includes(state) ?? true) &&
    (source === undefined || ref.source === source) &&
    (window === undefined || inWindow(call.start, window)) &&
    (!isUndated || start === "") &&
    (from === undefined || start >= from) &&
    (to === undefined || start < to) &&
    (id === undefined || ref.id === id) &&
    fitsWords(ref, filter)
  );
}

function* paged<T>(all: readonly T[]): Generator<readonly T[]> {
  for (let at = 0; at < all.length; at += pageSize) yield all.slice(at, at + pageSize);
}
