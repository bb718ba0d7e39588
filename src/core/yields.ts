import { RecordingError } from "./errors.ts";
import type { Ledger } from "./ports.ts";

/** Which addresses have ever given a recording to this archive. */
export interface Yields {
  /** These have given one just now. */
  note(addresses: readonly string[]): Promise<void>;
  /**
   * What an error is worth: words that name no recording say nothing of one when they come from an address that never
   * yielded any. `fromKnown` is true for the word of an address that did.
   */
  believed(error: RecordingError): Promise<{ readonly error: RecordingError; readonly fromKnown: boolean }>;
}

/** The ledger's note that an address has given a recording. */
export function yieldNote(address: string): string {
  return `yielded:${address}`;
}

export function openYields(ledger: Pick<Ledger, "get" | "set">): Yields {
  const known = new Set<string>();

  async function isKnown(address: string): Promise<boolean> {
    if (!known.has(address) && (await ledger.get?.(yieldNote(address))) !== undefined) known.add(address);
    return known.has(address);
  }

  return {
    async note(addresses) {
      for (const address of addresses) {
        if (await isKnown(address)) continue;
        await ledger.set?.(yieldNote(address), "yes");
        known.add(address);
      }
    },
    async believed(error) {
      const { witness } = error;
      if (witness === undefined) return { error, fromKnown: false };
      const fromKnown = await isKnown(witness.by);
      return { error: fromKnown || witness.explicit ? error : unbelieved(error, witness.by), fromKnown };
    },
  };
}

function unbelieved(error: RecordingError, address: string): RecordingError {
  const { head, message } = error;
  const code = error.code === "forbidden" ? "forbidden" : "bad-answer";
  const doubt = `No recording has come from ${address} yet, so that proves nothing; it is asked again.`;
  return new RecordingError(code, `${message} ${doubt}`, { ...(head === undefined ? {} : { head }), cause: error });
}
