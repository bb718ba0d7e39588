import { createHash, type Hash } from "node:crypto";
import type { Writable } from "node:stream";
import { openAudioCheck } from "../core/audio/check.ts";
import { RecordingError } from "../core/model/errors.ts";
import type { Destination, Expectation, Incoming } from "../core/model/ports.ts";

/** What has gone out, over all attempts at the one recording. */
interface Output {
  readonly stream: Writable;
  key: string | undefined;
  bytes: number;
  readonly hash: Hash;
  failure: RecordingError | undefined;
}

/**
 * Pipes one recording to a stream, raw, from the moment its first bytes are known to be audio. What has been written
 * cannot be taken back: a second attempt must begin with exactly the bytes that are already out, and goes on after them.
 */
export function openStdout(stream: Writable): Destination {
  const output: Output = { stream, key: undefined, bytes: 0, hash: createHash("sha256"), failure: undefined };
  const onError = (error: NodeJS.ErrnoException) => {
    output.failure ??= writeError(error);
  };
  stream.on("error", onError);
  return {
    async open(_path, expect) {
      mustBeTheOne(output, expect);
      return openIncoming(output);
    },
    async [Symbol.asyncDispose]() {
      stream.off("error", onError);
    },
  };
}

function mustBeTheOne(output: Output, { key }: Expectation): void {
  if (output.failure !== undefined) throw output.failure;
  if (output.bytes > 0 && output.key !== key) {
    throw new RecordingError("usage", "-o - takes exactly one recording; another one is in the pipe already.");
  }
  output.key = key;
}

function openIncoming(output: Output): Incoming {
  const check = openAudioCheck();
  const before = output.bytes;
  const seen = createHash("sha256");
  const expected = before === 0 ? undefined : output.hash.copy().digest("hex");
  let held: Uint8Array[] = [];
  let repeated = 0;

  /** The part of `bytes` that is not out yet; what is out must be the same. */
  function fresh(bytes: Uint8Array): Uint8Array {
    const known = bytes.subarray(0, Math.max(0, before - repeated));
    if (known.length === 0) return bytes;
    repeated += known.length;
    seen.update(known);
    if (repeated === before && seen.digest("hex") !== expected) throw changed();
    return bytes.subarray(known.length);
  }

  return {
    rangeHeaders: {},
    head: (head) => check.head(head),
    chunk(bytes) {
      if (output.failure !== undefined) throw output.failure;
      check.chunk(bytes);
      if (check.refused) return;
      held.push(bytes);
      if (check.type === undefined) return;
      const ready = held;
      held = [];
      return send(ready.map(fresh), output);
    },
    async finish() {
      const audio = check.finish();
      await send(held.map(fresh), output);
      if (repeated < before) throw changed();
      await flushed(output);
      const sha256 = output.hash.copy().digest("hex");
      return { settled: Promise.resolve({ path: "-", bytes: check.bytes, sha256, ...audio }) };
    },
    async abandon() {},
  };
}

function changed(): RecordingError {
  const message = "The recording changed at the source after its beginning had been written to standard output.";
  return new RecordingError("changed", message, { verdict: "give-up" });
}

function send(pieces: readonly Uint8Array[], output: Output): Promise<void> | undefined {
  let room = true;
  for (const piece of pieces) {
    if (piece.length === 0) continue;
    output.hash.update(piece);
    output.bytes += piece.length;
    room = output.stream.write(piece);
  }
  return room ? undefined : drained(output);
}

/** Resolves when the reader has made room; rejects when it went away. */
function drained({ stream }: Output): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (error?: Error) => {
      stream.off("drain", settle).off("error", settle).off("close", closed);
      if (error === undefined) resolve();
      else reject(writeError(error));
    };
    const closed = () => settle(Object.assign(new Error("closed"), { code: "EPIPE" }));
    stream.on("drain", settle).on("error", settle).on("close", closed);
  });
}

function flushed(output: Output): Promise<void> {
  if (output.failure !== undefined) return Promise.reject(output.failure);
  return new Promise((resolve, reject) => {
    output.stream.write("", (error) => (error ? reject(writeError(error)) : resolve()));
  });
}

function writeError(error: NodeJS.ErrnoException): RecordingError {
  const gone = ["EPIPE", "ECONNRESET", "ERR_STREAM_DESTROYED", "ERR_STREAM_WRITE_AFTER_END"].includes(error.code ?? "");
  if (gone) return new RecordingError("reader-gone", "The reader of standard output went away.", { cause: error });
  if (error.code === "ENOSPC") {
    return new RecordingError("disk-full", "Cannot write to standard output: the disk behind it is full.", {
      cause: error,
    });
  }
  return new RecordingError("disk-io", `Cannot write to standard output (${error.code ?? "unknown"}).`, {
    cause: error,
  });
}
