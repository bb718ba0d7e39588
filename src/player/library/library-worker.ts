import { parentPort, workerData } from "node:worker_threads";
import { asRecordingError, errorParts } from "../../core/model/errors.ts";
import type { LibraryAnswer, LibraryQuestion } from "./library.ts";
import { openLibrary } from "./library.ts";

/** The thread in which a player looks through one ledger: `workerData` is the ledger's file. */
const port = parentPort!;
const library = openLibrary(workerData as string);

port.on("message", async ({ id, ask, query }: LibraryQuestion) => {
  const tell = (answer: LibraryAnswer) => port.postMessage(answer);
  try {
    tell({ id, answer: await library[ask](query) });
  } catch (error) {
    tell({ id, error: errorParts(asRecordingError(error)) });
  }
});
