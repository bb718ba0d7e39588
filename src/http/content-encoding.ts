import type { Transform } from "node:stream";
import zlib from "node:zlib";
import { RecordingError } from "../core/model/errors.ts";
import type { Receiver } from "../core/model/ports.ts";
import type { ResponseHead } from "../core/model/recording.ts";

/** What comes out of an encoded body goes where the body would have gone; `end` once nothing more comes. */
export interface Decoder extends Receiver {
  /** Resolves when the receiver has everything; throws `wrong-length` where the body ends before its encoding does. */
  end(): Promise<void>;
  /** Lets go of everything; nothing reaches the receiver any more. */
  destroy(): void;
}

/** What servers write there for bytes as they are; `aws-chunked` is left over from an upload. */
const asTheyAre: ReadonlySet<string> = new Set(["", "identity", "none", "binary", "utf-8", "aws-chunked"]);
const mostEncodings = 3;
/** No gzip is smaller than its content by more than 1,032 times; a small bomb must not become a large one either. */
const mostExpansion = 1100;
const alwaysAllowed = 64 * 1024 * 1024;

/**
 * Undoes an answer's Content-Encoding on the way to `receiver`, which sees the head without it and without the encoded
 * length; undefined where the bytes come as they are. Throws `bad-answer` for an encoding that this Node cannot read.
 */
export function openDecoder(head: ResponseHead, receiver: Receiver, host: string): Decoder | undefined {
  const names = (head.headers["content-encoding"] ?? "").toLowerCase().split(",");
  const encodings = names.map((name) => name.trim()).filter((name) => !asTheyAre.has(name));
  if (encodings.length === 0) return undefined;
  if (encodings.length > mostEncodings) {
    throw new RecordingError("bad-answer", `${host}: the answer is encoded ${encodings.length} times over.`);
  }
  if (head.status === 206) {
    // A part of the encoded bytes is not that part of the recording.
    throw new RecordingError("changed", `${host} continues with encoded bytes: starting over.`);
  }
  return new Decoding(encodings, receiver, host);
}

type Make = (first: Uint8Array) => Transform | undefined;

/** A stream for a body that begins so; undefined where it is not encoded at all. */
const makers: Readonly<Record<string, Make>> = {
  gzip: unzip,
  "x-gzip": unzip,
  deflate: inflate,
  br: () => zlib.createBrotliDecompress(),
};

interface Zstd {
  createZstdDecompress(): Transform;
  zstdDecompressSync(bytes: Uint8Array): Buffer;
}

/** A frame that lacks its last four bytes. */
const cutFrame = Buffer.from("28b52ffd20129100005249464620616e6420736f6d6520", "hex");

/** zstd from Node 24 on: an older one has none, or takes a frame that is cut off for whole, so that half a call could pass for one. */
function unzstd(): Make | undefined {
  const { createZstdDecompress, zstdDecompressSync } = zlib as unknown as Partial<Zstd>;
  if (createZstdDecompress === undefined || zstdDecompressSync === undefined) return undefined;
  try {
    zstdDecompressSync(cutFrame);
    return undefined;
  } catch {
    return createZstdDecompress;
  }
}

/** A proxy that unpacked the body may have left the header. */
function unzip(first: Uint8Array): Transform | undefined {
  return first[0] === 0x1f && first[1] === 0x8b ? zlib.createGunzip() : undefined;
}

/** With zlib's header, as the standard says, or without, as some servers send it. */
function inflate(first: Uint8Array): Transform {
  const [a = 0, b = 0] = first;
  return (a & 15) === 8 && (a * 256 + b) % 31 === 0 ? zlib.createInflate() : zlib.createInflateRaw();
}

function makerOf(encoding: string, host: string): Make {
  const make = encoding === "zstd" ? unzstd() : Object.hasOwn(makers, encoding) ? makers[encoding] : undefined;
  if (make !== undefined) return make;
  const name = encoding.replace(/[^\w-]/g, "").slice(0, 20);
  const why = name === "zstd" ? "for which Node 24 or newer is needed" : "which callreel does not support";
  throw new RecordingError(
    "bad-answer",
    `${host}: the answer is encoded with ${name || "something"}, ${why}, although it was asked for as it is.`,
  );
}

/** One step of decoding; the next one gets what comes out. */
interface Step {
  chunk(bytes: Uint8Array): void | Promise<void>;
  end(): Promise<void>;
  destroy(): void;
}

class Decoding implements Decoder {
  readonly #receiver: Receiver;
  readonly #host: string;
  readonly #first: Step;
  #arrived = 0;
  #decoded = 0;

  constructor(encodings: readonly string[], receiver: Receiver, host: string) {
    this.#receiver = receiver;
    this.#host = host;
    const last: Step = { chunk: (bytes) => this.#hand(bytes), end: async () => {}, destroy() {} };
    this.#first = encodings.reduce<Step>((next, name) => new Layer(makerOf(name, host), next, host), last);
  }

  head({ status, headers }: ResponseHead): void {
    const { "content-encoding": _, "content-length": __, ...kept } = headers;
    this.#receiver.head({ status, headers: kept });
  }

  chunk(bytes: Uint8Array): void | Promise<void> {
    this.#arrived += bytes.byteLength;
    return this.#first.chunk(bytes);
  }

  end(): Promise<void> {
    return this.#first.end();
  }

  destroy(): void {
    this.#first.destroy();
  }

  #hand(bytes: Uint8Array): void | Promise<void> {
    this.#decoded += bytes.byteLength;
    if (this.#decoded > alwaysAllowed + mostExpansion * this.#arrived) {
      throw new RecordingError("bad-answer", `${this.#host}: the answer unpacks to far more data than is plausible.`);
    }
    return this.#receiver.chunk(bytes);
  }
}

/** One encoding, opened when its first two bytes tell what it is; an empty body has nothing to decode. */
class Layer implements Step {
  readonly #make: Make;
  readonly #next: Step;
  readonly #host: string;
  #held: Uint8Array = new Uint8Array(0);
  #begun = false;
  #stream: Transform | undefined;
  #ended: Promise<void> | undefined;
  #failure: { readonly error: unknown } | undefined;
  #wake: (() => void) | undefined;

  constructor(make: Make, next: Step, host: string) {
    this.#make = make;
    this.#next = next;
    this.#host = host;
  }

  chunk(bytes: Uint8Array): void | Promise<void> {
    if (this.#begun) return this.#feed(bytes);
    this.#held = this.#held.byteLength === 0 ? bytes : Buffer.concat([this.#held, bytes]);
    if (this.#held.byteLength >= 2) return this.#begin();
  }

  async end(): Promise<void> {
    if (!this.#begun && this.#held.byteLength > 0) await this.#begin();
    this.#throwFailure();
    this.#stream?.end();
    await this.#ended;
    this.#throwFailure();
    await this.#next.end();
  }

  destroy(): void {
    this.#fail(new RecordingError("interrupted", "The transfer was cut."));
    this.#next.destroy();
  }

  #begin(): void | Promise<void> {
    this.#begun = true;
    const stream = this.#make(this.#held);
    this.#stream = stream;
    if (stream !== undefined) {
      this.#ended = new Promise((resolve) => {
        stream.once("close", resolve);
        stream.on("data", (bytes: Buffer) => this.#passOn(stream, bytes));
        stream.once("error", (error) => this.#fail(unreadable(error, this.#host)));
        stream.once("end", () => this.#release());
      });
      stream.on("drain", () => this.#release());
    }
    return this.#feed(this.#held);
  }

  #feed(bytes: Uint8Array): void | Promise<void> {
    this.#throwFailure();
    if (this.#stream === undefined) return this.#next.chunk(bytes);
    // What follows the end of the encoded bytes is none of them.
    if (this.#stream.readableEnded || this.#stream.destroyed) return;
    if (this.#stream.write(bytes)) return;
    return new Promise((resolve, reject) => {
      this.#wake = () => (this.#failure === undefined ? resolve() : reject(this.#failure.error));
    });
  }

  /** zlib goes on using the memory around what it gives out: the receiver gets a copy. */
  #passOn(stream: Transform, bytes: Buffer): void {
    if (this.#failure !== undefined) return;
    try {
      const pause = this.#next.chunk(new Uint8Array(bytes));
      if (pause === undefined) return;
      stream.pause();
      pause.then(
        () => stream.resume(),
        (error: unknown) => this.#fail(error),
      );
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    this.#failure ??= { error };
    this.#stream?.destroy();
    this.#release();
  }

  #release(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}

/** What zlib says: too few bytes are a cut transfer, others a damaged one; either may be whole the next time. */
function unreadable(error: NodeJS.ErrnoException, host: string): RecordingError {
  const cut = error.code === "Z_BUF_ERROR" || /unexpected end/i.test(error.message);
  return cut
    ? new RecordingError("wrong-length", `${host}: the encoded answer is cut off.`, { cause: error })
    : new RecordingError("bad-answer", `${host}: the encoded answer is damaged.`, { verdict: "retry", cause: error });
}
