import type { Work } from "../core/download/work.ts";
import type { Mailbox, Selection } from "../core/model/ports.ts";
import type { Notes } from "./listed-work.ts";

/** How far a mailbox is known. Times are milliseconds, by RingCentral's clock or this machine's, whichever was behind. */
export interface MailboxMark {
  /** What to ask changes with. */
  readonly token: string;
  /** All that was left before then was listed, and its text with it. */
  readonly untilMs: number;
  /** When it was listed last. */
  readonly listedMs: number;
  /** Texts were still being written then. */
  readonly awaits: boolean;
}

/** What is heard of one mailbox in this run. */
export interface MailboxHearing {
  hear(piece: Work): Work;
  /** How many recordings of a listing neither the changes nor any run before has told of. */
  unsaid(piece: Work): Promise<number>;
  /** It was listed whole up to then. */
  listed(untilMs: number, nowMs: number): void;
  /** Nothing more comes: it may be remembered. */
  done(): void;
}

/** A text that is still being written after so long is written no more. */
const longestWritingMs = 3 * 24 * 60 * 60 * 1000;

/** What the ledger remembers of mailboxes, for each login and each set of filters. */
export function openMailboxMarks(notes: Notes, login: string | undefined, selection: Selection) {
  const { number, minDurationSeconds } = selection;
  const filters = JSON.stringify({ number, minDurationSeconds });
  const nameOf = ({ id }: Mailbox) => `mailbox:ringcentral:${login ?? ""}:${id}:${filters}`;
  const done = new Map<string, MailboxMark>();
  let awaited = 0;
  return {
    /** Undefined for a mailbox that was never listed whole, or by a clock that was ahead. */
    async of(mailbox: Mailbox, nowMs: number): Promise<MailboxMark | undefined> {
      const mark = parsed(await notes.get?.(nameOf(mailbox)));
      return mark !== undefined && mark.untilMs <= nowMs && mark.listedMs <= nowMs ? mark : undefined;
    },
    begin(mailbox: Mailbox, token: string, before: MailboxMark | undefined): MailboxHearing {
      const heard = new Set<string>();
      const awaiting = new Map<string, number>();
      let mark = before && { ...before, token };
      return {
        hear(piece) {
          for (const { key, locator, call } of piece.refs) {
            heard.add(key);
            awaiting.delete(key);
            if (locator.transcription === "InProgress") awaiting.set(key, Date.parse(call.start ?? ""));
          }
          return piece;
        },
        async unsaid({ refs }) {
          const fresh = refs.filter(({ key }) => !heard.has(key)).map(({ key }) => key);
          const entries = (await notes.entriesOf?.(fresh)) ?? [];
          return entries.filter((entry) => entry === undefined).length;
        },
        listed(untilMs, nowMs) {
          const young = [...awaiting.values()].filter((start) => start > nowMs - longestWritingMs);
          mark = { token, untilMs: Math.min(untilMs, ...young), listedMs: nowMs, awaits: young.length > 0 };
        },
        done() {
          awaited += awaiting.size;
          if (mark !== undefined) done.set(nameOf(mailbox), { ...mark, awaits: mark.awaits || awaiting.size > 0 });
        },
      };
    },
    /** Of how many voicemails the text is still being written. */
    awaited: () => awaited,
    async keep(): Promise<void> {
      for (const [name, mark] of done) await notes.set?.(name, JSON.stringify(mark));
    },
  };
}

function parsed(text: string | undefined): MailboxMark | undefined {
  try {
    const { token, untilMs, listedMs, awaits } = JSON.parse(text ?? "{}") as Partial<MailboxMark>;
    if (typeof token !== "string" || typeof untilMs !== "number" || typeof listedMs !== "number") return undefined;
    return { token, untilMs, listedMs, awaits: awaits === true };
  } catch {
    return undefined;
  }
}
