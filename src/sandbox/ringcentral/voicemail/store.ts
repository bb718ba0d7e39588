import type { SandboxClock } from "../../clock.ts";
import { mixed } from "../calls/call.ts";

/** What has become of the text of a voicemail. */
export type Transcription = "NotAvailable" | "InProgress" | "TimedOut" | "Completed" | "CompletedPartially" | "Failed";

/** One voicemail in the mailbox of an extension. Ids are numbers, as RingCentral writes them. */
export interface Voicemail {
  readonly id: number;
  /** The account's n-th extension. */
  extension: number;
  readonly createdMs: number;
  readonly seconds: number;
  /** The caller's number with its plus; absent where it was withheld. */
  readonly phone?: string;
  availability: "Alive" | "Deleted" | "Purged";
  transcription: Transcription;
  text: string;
  /** Some messages come without any audio. */
  audio: boolean;
  changedMs: number;
}

/** The account's voicemail, newest first. */
export interface VoicemailStore {
  all(): readonly Voicemail[];
  byId(id: string): Voicemail | undefined;
  /** A voicemail that was left just now, unless told otherwise. */
  add(more?: Partial<Omit<Voicemail, "id">>): Voicemail;
  /** Changes one as its owner or RingCentral would: it counts as modified now. */
  change(id: number, change: Partial<Pick<Voicemail, "availability" | "transcription" | "text" | "audio">>): void;
}

/** A voicemail's attachment with the audio, and the one with its text. */
export const attachmentsOf = ({ id }: Pick<Voicemail, "id">) => ({ audio: id * 10 + 1, text: id * 10 + 2 });

const sentences = [
  "Hello, this is Paula from Harbour Travel. Please call me back about the invoice.",
  "Hi, the delivery for Tuesday is delayed until Thursday morning. Thank you.",
  "Good morning, I would like to cancel my contract at the end of the year.",
  "This is Doctor Whitfield's office. Your appointment has been moved to three o'clock.",
];

/** Opens the store with `count` voicemails, one a day and the newest an hour old. */
export function openVoicemail(clock: SandboxClock, { count, extensions }: { count: number; extensions: number }) {
  const messages: Voicemail[] = [];
  let made = 0;
  const store: VoicemailStore = {
    all: () => messages.toSorted((one, other) => other.createdMs - one.createdMs || other.id - one.id),
    byId: (id) => messages.find((message) => String(message.id) === id),
    add(more = {}) {
      const number = made++;
      const createdMs = more.createdMs ?? clock.now();
      const message: Voicemail = {
        extension: number % Math.min(3, extensions),
        seconds: 8 + (mixed(number, 5) % 30),
        phone: `+1650555${String(1000 + (mixed(number, 7) % 9000))}`,
        availability: "Alive",
        transcription: "Completed",
        text: sentences[number % sentences.length]!,
        audio: true,
        createdMs,
        changedMs: createdMs,
        ...more,
        id: 50_000_000_001 + number,
      };
      messages.push(message);
      return message;
    },
    change(id, change) {
      const message = messages.find((each) => each.id === id);
      if (message === undefined) throw new Error(`the sandbox has no voicemail ${id}`);
      Object.assign(message, change, { changedMs: clock.now() });
    },
  };
  for (let ago = count; ago > 0; ago--) store.add({ createdMs: clock.now() - 3_600_000 - (ago - 1) * 86_400_000 });
  return store;
}
