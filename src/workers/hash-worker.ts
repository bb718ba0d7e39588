import { parentPort, workerData } from "node:worker_threads";
import { asRecordingError, errorParts } from "../core/model/errors.ts";
import { hashNow } from "../destinations/disk/hash-now.ts";
import type { HashAnswer, HashOrder, HashSettings } from "./hash-messages.ts";

const { root } = workerData as HashSettings;
const port = parentPort!;
const buffer = Buffer.allocUnsafeSlow(256 * 1024);

port.on("message", (paths: HashOrder) => port.postMessage(paths.map(answerOf)));

function answerOf(path: string): HashAnswer {
  try {
    const found = hashNow(root, path, buffer);
    return found === undefined ? {} : { found };
  } catch (error) {
    return { error: errorParts(asRecordingError(error)) };
  }
}
