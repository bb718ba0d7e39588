import type { Invocation } from "../cli/io.ts";
import type { Work } from "../core/download/work.ts";
import { asRecordingError, type ErrorCode } from "../core/model/errors.ts";
import type { DownloadEvent } from "../core/model/events.ts";
import type { Archive } from "../core/model/ledger.ts";
import type { VoicemailSource } from "../core/model/ports.ts";
import type { RecordingKey, RecordingRef } from "../core/model/recording.ts";
import { formatNumberOf } from "../core/text.ts";
import { type Held, isHeld } from "../maintenance/transcripts.ts";
import { fetchInto, openTextPlace } from "./text-places.ts";

/** The texts of voicemails, which RingCentral writes: they become transcripts beside the audio. */
export interface VoicemailTexts {
  /** The same work; notes which of its recordings have a text at their source. */
  noting(work: AsyncIterable<Work>): AsyncIterable<Work>;
  /** Fetches those that the archive lacks for audio that it holds; gives the codes of what could not be had, each of which was told. */
  fetch(): Promise<readonly ErrorCode[]>;
}

export interface TextParts {
  readonly voicemail: VoicemailSource | undefined;
  readonly ledger: Archive;
  readonly report: (event: DownloadEvent) => void;
  /** Resolves once no command is at work beside the audio. */
  readonly settled: () => Promise<unknown>;
}

const pageSize = 256;
/** So many failures in a row are no accident of single texts. */
const mostFailures = 3;

export function openVoicemailTexts({ settings, io }: Invocation, parts: TextParts): VoicemailTexts {
  const { voicemail, ledger, report, settled } = parts;
  const place = openTextPlace(settings, io, ledger);
  const wanted = new Map<RecordingKey, RecordingRef>();
  const codes: ErrorCode[] = [];
  let [written, failures] = [0, 0];

  /** Whether more is to be asked for. */
  async function fetchOne(ref: RecordingRef, entry: Held): Promise<boolean> {
    try {
      const text = await (voicemail as VoicemailSource).transcript(ref, io.stop);
      if (text.length > 0) {
        const isKept = await place.keep(entry, { path: textPathOf(entry.stored.path), bytes: text });
        if (isKept) written += 1;
      }
      failures = 0;
      return true;
    } catch (thrown) {
      io.stop.throwIfAborted();
      const { code, message, verdict } = asRecordingError(thrown);
      if (code === "bug") throw thrown;
      report({ event: "incomplete", what: `Text of ${ref.key}`, code, message });
      codes.push(code);
      failures += 1;
      return verdict !== "stop" && failures < mostFailures;
    }
  }

  async function fetchAll(): Promise<void> {
    const refs = [...wanted.values()];
    for (let at = 0; at < refs.length; at += pageSize) {
      const page = refs.slice(at, at + pageSize);
      const entries = await ledger.entriesOf(page.map(({ key }) => key));
      for (const [index, entry] of entries.entries()) {
        io.stop.throwIfAborted();
        if (isHeld(entry) && lacksText(entry) && !(await fetchOne(page[index] as RecordingRef, entry))) return;
      }
    }
  }

  return {
    async *noting(work) {
      for await (const piece of work) {
        for (const ref of piece.refs) if (ref.locator.transcript !== undefined) wanted.set(ref.key, ref);
        yield piece;
      }
    },
    async fetch() {
      if (wanted.size === 0 || voicemail === undefined) return codes;
      await settled();
      await fetchInto(place, fetchAll, io, codes);
      const texts = formatNumberOf(written, "text of voicemail is", "texts of voicemail are");
      if (written > 0) report({ event: "notice", level: "info", message: `${texts} beside the audio.` });
      return codes;
    },
  };
}

function lacksText({ stored, transcripts = [] }: Held): boolean {
  return transcripts.every(({ path }) => path !== textPathOf(stored.path));
}

/** Beside its audio, by a name that no other recording shares. */
function textPathOf(audio: string): string {
  return `${audio}.txt`;
}
