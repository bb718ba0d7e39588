import { asRecordingError } from "../model/errors.ts";
import type { Claim } from "../model/ledger.ts";
import type { RecordingRef } from "../model/recording.ts";
import type { Line } from "./download-plan.ts";
import { isAbsence, isSettled } from "./evidence.ts";
import { openLanes } from "./lanes.ts";
import { readAhead } from "./read-ahead.ts";
import { type Refetch, withKnown } from "./refetch.ts";
import type { Job, Run } from "./run.ts";
import type { Work } from "./work.ts";

type Refusal = Extract<Claim, { granted: false }>;
type Why = Refetch["why"] | "absent";

/** Refs claimed at once: few enough to give back when the run stops, enough to make claims cheap. */
const claimSize = 256;
/** Where others work on the same ledger: few enough that all have some, and that little waits for one who dies. */
const sharedClaimSize = 32;
/** Recordings that are listed before their turn: enough to know early how many there are, few enough to hold. */
const mostAhead = 2000;

type Start = (job: Job) => Promise<void>;

/**
 * Keeps the transfers busy with `one` after the other, from each line of work at the same time, and waits for the last of them. What other runs hold is asked for again at the
 * end, until it is settled or free: then a run that ends well has seen to all of its work.
 */
export async function feed(run: Run, one: Start): Promise<void> {
  const lines = [run.plan, ...(run.plan.otherLines ?? [])];
  const lanes = openLanes(run.plan.transfers, lines.length);
  const find = openFinds(run, lines.length);
  const { theirs } = run;
  const start: Start = (job) => lanes.start(job.ref.source, () => one(job));
  const claim = async (refs: readonly RecordingRef[]) => {
    const fewest = run.ports.ledger.isShared && !run.plan.enqueueOnly ? sharedClaimSize : claimSize;
    let size = fewest;
    for (let at = 0; at < refs.length && !hasEnded(run); ) {
      const chunk = refs.slice(at, at + size);
      at += chunk.length;
      const granted = await startChunk(chunk, run, start);
      // What is merely skipped is skipped in larger and larger steps.
      size = granted > 0 ? fewest : Math.min(claimSize, size * 2);
    }
  };
  const feedLine = async (line: Line) => {
    await startPulled(line, run, start);
    for await (const work of untilEnded(line, find(), run)) {
      for (const event of work.events) run.tell(event);
      await claim(work.refs);
      if (theirs.areMany()) await claim(theirs.take());
    }
    lanes.lineEnded();
  };
  try {
    await (lines.length === 1 ? feedLine(run.plan) : allEnded(lines.map(feedLine), run));
    do {
      while (theirs.count() > 0 && !hasEnded(run)) {
        const count = theirs.count();
        await claim(theirs.take());
        if (theirs.count() > 0) await theirs.wait(theirs.count() < count);
      }
      await lanes.ended();
      await Promise.all(run.settling);
      // The last of this run's own may have been lost to others just now.
    } while (theirs.count() > 0 && !hasEnded(run));
  } finally {
    await lanes.ended();
    await Promise.all(run.settling);
    theirs.tell();
  }
}

/** Waits for all of them; the first that fails ends the run, and the others with it. */
async function allEnded(feeds: readonly Promise<void>[], run: Run): Promise<void> {
  await Promise.all(feeds.map((each) => each.catch((thrown) => run.shutdown.because(asRecordingError(thrown)))));
}

/** How many recordings a line has brought so far, how many of them need no fetching, and whether that is all. */
interface Finds {
  recordings: number;
  settled: number;
  complete: boolean;
}

/** Tells what all lines together have brought. */
function openFinds(run: Run, lines: number): () => { readonly own: Finds; tell(): void } {
  const all: Finds[] = [];
  const tell = () => {
    const sum = (of: "recordings" | "settled") => all.reduce((total, each) => total + each[of], 0);
    const complete = all.length === lines && all.every((each) => each.complete);
    run.tell({ event: "found", recordings: sum("recordings"), settled: sum("settled"), complete });
  };
  return () => {
    const own: Finds = { recordings: 0, settled: 0, complete: false };
    all.push(own);
    return { own, tell };
  };
}

async function* untilEnded(
  line: Line,
  { own, tell }: ReturnType<ReturnType<typeof openFinds>>,
  run: Run,
): AsyncIterable<Work> {
  const most = Math.min(mostAhead, run.plan.caps.downloads ?? Infinity);
  const found = (recordings: number, complete: boolean) => {
    Object.assign(own, { recordings, complete });
    tell();
  };
  const work = countingSettled(line, own, run);
  for await (const piece of readAhead(work, { most, found, end: () => run.plan.endWork?.() })) {
    if (hasEnded(run)) return;
    yield piece;
  }
}

/** The work as it comes; where somebody watches, with a look at how much of it needs no fetching. */
async function* countingSettled({ work }: Line, own: Finds, { plan, ports }: Run): AsyncIterable<Work> {
  for await (const piece of work) {
    const entries = plan.progress ? await ports.ledger.entriesOf?.(piece.refs.map(({ key }) => key)) : undefined;
    own.settled += entries?.filter(isSettled).length ?? 0;
    yield piece;
  }
}

function hasEnded({ shutdown, cap }: Run): boolean {
  return shutdown.stop.aborted || cap !== undefined;
}

/** Starts what is granted; how many were. */
async function startChunk(refs: readonly RecordingRef[], run: Run, start: Start): Promise<number> {
  const claims = await run.ports.ledger.claim(refs);
  if (run.plan.enqueueOnly) {
    await Promise.all(refs.map((ref, at) => leave(ref, claims[at] as Claim, run)));
    return refs.length;
  }
  let granted = 0;
  const refuse = (ref: RecordingRef, claim: Refusal) => {
    if (claim.reason === "claimed") run.theirs.add(ref);
    else notGranted(ref, claim, run);
  };
  for (const [index, ref] of refs.entries()) {
    const first = claims[index] as Claim;
    const why = first.granted ? undefined : whyAgain(ref, first, run);
    if (!first.granted && why === undefined) {
      refuse(ref, first);
      continue;
    }
    const { claim, job } = await insisted(ref, first, why, run);
    if (!claim.granted) {
      refuse(ref, claim);
      continue;
    }
    granted += 1;
    await startUnlessEnded(job, run, start);
  }
  return granted;
}

async function startUnlessEnded(job: Job, run: Run, start: Start): Promise<void> {
  if (run.shutdown.stop.aborted || capReached(run)) return run.outcomes.released(job.ref);
  run.started += 1;
  await start(job);
}

/** Whatever the ledger hands out is this run's already. */
async function startPulled({ pull }: Line, run: Run, start: Start): Promise<void> {
  while (pull !== undefined && !hasEnded(run)) {
    const refs = await pull(sharedClaimSize);
    if (refs.length === 0) return;
    for (const ref of refs) await startUnlessEnded({ ref }, run, start);
  }
}

/** Leaves to a later run what is wanted: the ledger knows of it by now. */
async function leave(ref: RecordingRef, claim: Claim, run: Run): Promise<void> {
  if (claim.granted) await run.outcomes.released(ref);
  const isWanted = claim.granted || claim.reason === "claimed" || claim.reason === "unproven";
  notGranted(ref, isWanted ? { granted: false, reason: "enqueued" } : claim, run);
}

/** Claims again what was refused but is to be fetched all the same because of `why`, with what the ledger knows of it. */
async function insisted(
  ref: RecordingRef,
  claim: Claim,
  why: Why | undefined,
  run: Run,
): Promise<{ claim: Claim; job: Job }> {
  const { ledger } = run.ports;
  if (why === undefined && !(claim.granted && ref.insist === true)) return { claim, job: { ref } };
  const entry = await ledger.entry?.(ref.key);
  const known = withKnown(ref, entry);
  const before = entry?.stored;
  if (why === "asked" || why === "damaged" || why === "short") {
    // What is under a legal hold is replaced by nothing.
    if (await ledger.isKept?.(known)) {
      const reason = why === "short" ? "done" : "held";
      return { claim: { ...(claim as Refusal), reason }, job: { ref } };
    }
  }
  const refetch = before === undefined || why === undefined || why === "absent" ? {} : { refetch: { before, why } };
  return { claim: claim.granted ? claim : await ledger.reclaim(ref), job: { ref: known, ...refetch } };
}

function notGranted(ref: RecordingRef, { reason, path, evidence }: Refusal, run: Run): void {
  const where = path === undefined ? {} : { path };
  const why = evidence === undefined ? {} : { evidence };
  run.tell({ event: "recording-skipped", key: ref.key, reason, ...where, ...why, call: ref.call });
}

/** Why a recording is fetched although the ledger calls it done, or `absent`: believed not to be had. */
function whyAgain(ref: RecordingRef, claim: Refusal, run: Run): Why | undefined {
  const { again, retryGone } = run.plan;
  if (claim.reason === "unproven" || isAbsence(claim.reason)) {
    return again || ref.insist === true || retryGone === true ? "absent" : undefined;
  }
  if (claim.reason !== "done" || run.outcomes.keptAsItIs(ref.key)) return undefined;
  if (claim.path !== undefined && run.ports.destination.has?.(claim.path) === false) return "missing";
  if (again) return "asked";
  if (claim.damaged === true) return "damaged";
  return claim.short === true ? "short" : undefined;
}

/** Whether a cap forbids to start one more; those already started are let finish. */
function capReached(run: Run): boolean {
  const { caps } = run.plan;
  if (run.started >= (caps.downloads ?? Infinity)) run.cap ??= `--max-downloads ${caps.downloads}`;
  if (run.tally.bytes >= (caps.bytes ?? Infinity)) run.cap ??= "--max-transfer";
  return run.cap !== undefined;
}
