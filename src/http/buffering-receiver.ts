import { RecordingError } from "../core/model/errors.ts";
import type { Receiver } from "../core/model/ports.ts";
import type { ResponseHead } from "../core/model/recording.ts";
import type { HttpAnswer } from "./client.ts";

/** A receiver that keeps a bounded body in memory. */
export function bufferingReceiver(maxBytes: number): Receiver & { answer(): HttpAnswer } {
  let head: ResponseHead | undefined;
  let size = 0;
  const chunks: Uint8Array[] = [];
  return {
    head(arrived) {
      head = arrived;
    },
    chunk(bytes) {
      size += bytes.byteLength;
      if (size > maxBytes) throw new RecordingError("bad-answer", `The answer is larger than ${maxBytes} bytes.`);
      chunks.push(bytes);
    },
    answer() {
      if (head === undefined) throw new RecordingError("reset", "The connection closed without an answer.");
      return { ...head, body: Buffer.concat(chunks) };
    },
  };
}
