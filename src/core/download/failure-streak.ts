/*
 * A host that never answered is tried twice, not five times, and ten recordings in a row that reached nobody end the
 * run with 5: a typing error or a missing network is told within seconds, and one dead recorder does not block the
 * rest.
 */

import { RecordingError } from "../model/errors.ts";
import type { Shutdown } from "./shutdown.ts";

/** Ends a run in which nothing is to be had: what looks like many missing recordings is then one wrong setting. */
export interface FailureStreak {
  /** A recording came. */
  brought(): void;
  /** A recording did not come. */
  refused(error: RecordingError, standing: Standing): void;
}

/** What speaks for a source's word that a recording cannot be had. */
export interface Standing {
  /** Its address has given recordings. */
  readonly fromKnown: boolean;
  /** It is not the first time. */
  readonly saidBefore: boolean;
}

/** So many in a row, and the source is down or wrong, not the recording. */
const mostInARow = 10;

export function openFailureStreak(shutdown: Pick<Shutdown, "because">): FailureStreak {
  let unreached = 0;
  let missing = 0;
  let forbidden = 0;
  let broughtAny = false;

  function hear(error: RecordingError, standing: Standing): void {
    unreached = error.code === "unreachable" ? unreached + 1 : 0;
    if (broughtAny || error.code === "not-ready" || isCredible(error, standing)) return;
    const kind = refusalOf(error);
    missing = kind === "missing" ? missing + 1 : 0;
    forbidden = kind === "forbidden" ? forbidden + 1 : 0;
  }

  return {
    brought() {
      broughtAny = true;
      unreached = 0;
    },
    refused(error, standing) {
      hear(error, standing);
      if (unreached >= mostInARow) shutdown.because(unreachable(error));
      else if (missing >= mostInARow) shutdown.because(nothingThere(error));
      else if (forbidden >= mostInARow) shutdown.because(nothingPermitted(error));
    },
  };
}

/** A login may lose its right to everything overnight; that everything is gone is told by its names. */
function isCredible({ witness, code }: RecordingError, { fromKnown, saidBefore }: Standing): boolean {
  if (witness === undefined) return false;
  return saidBefore || (fromKnown && witness.explicit && code === "gone");
}

function refusalOf({ code, head, witness }: RecordingError): "missing" | "forbidden" | undefined {
  if (code === "gone" || code === "no-recording" || head?.status === 404 || head?.status === 410) return "missing";
  return code === "forbidden" && witness !== undefined ? code : undefined;
}

function unreachable({ message }: RecordingError): RecordingError {
  return new RecordingError(
    "unreachable",
    `Stopped: ${mostInARow} recordings in a row could not reach the server. ${message}`,
  );
}

function nothingThere({ message }: RecordingError): RecordingError {
  return new RecordingError(
    "http-error",
    `Stopped: the first ${mostInARow} recordings asked for are all missing, which looks like a wrong host, a wrong account or the page of a proxy rather than like recordings that are gone; no recording was given up. Check the addresses and the login with callreel doctor; if they really are missing, --order-by start,desc begins with the newest. The last answer: ${message}`,
  );
}

function nothingPermitted({ message }: RecordingError): RecordingError {
  return new RecordingError(
    "permission-refused",
    `Stopped: the first ${mostInARow} recordings asked for are all forbidden, which looks like a login that may not hear recordings at all. The last answer: ${message}`,
  );
}
