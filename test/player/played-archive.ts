import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { openTransfer } from "../../src/core/download/transfer.ts";
import { type ErrorCode, RecordingError } from "../../src/core/model/errors.ts";
import type { Archive } from "../../src/core/model/ledger.ts";
import type { Source } from "../../src/core/model/ports.ts";
import type { Call, RecordingRef, SourceName } from "../../src/core/model/recording.ts";
import type { Store } from "../../src/core/model/store.ts";
import { defaultTemplate, pathFor } from "../../src/core/naming/path-template.ts";
import { defaultRetryPolicy } from "../../src/core/retry.ts";
import { openDestination, openStore } from "../../src/destinations/index.ts";
import { openHttp } from "../../src/http/client.ts";
import { openArchive } from "../../src/ledgers/index.ts";
import { systemClock } from "../../src/platform/clock.ts";
import { openArchiveSet } from "../../src/player/library/archive-set.ts";
import { type Library, openLibrary } from "../../src/player/library/library.ts";
import { openPlayer, type Player, type PlayerPorts, type PlayerSettings } from "../../src/player/server.ts";
import { openFetches } from "../../src/player/streaming/fetches.ts";
import { openTee } from "../../src/player/streaming/tee.ts";
import { smallWav } from "../helpers/calls-server.ts";
import { sha256 } from "../helpers/sha256.ts";

export interface PlayedArchive extends AsyncDisposable {
  readonly root: string;
  readonly store: Store;
  readonly ledger: Archive;
  readonly library: Library;
  /** Puts a finished recording into the archive. */
  keep(source: SourceName, id: string, call: Call, audio?: Buffer): Promise<RecordingRef>;
  /** Lets the archive know of a recording that it does not hold. */
  want(ref: RecordingRef, code?: ErrorCode): Promise<void>;
  open(ports?: Partial<PlayerPorts>, settings?: Partial<PlayerSettings>): Promise<Player>;
  /** The ports that fetch what is missing from `source`; failed attempts are not repeated unless told. */
  missing(source: Source, retries?: number): Promise<NonNullable<PlayerPorts["missing"]>>;
}

/** A real archive in a temporary folder, with players over it. */
export async function openPlayedArchive(): Promise<PlayedArchive> {
  const root = mkdtempSync(join(tmpdir(), "callreel-player-"));
  mkdirSync(join(root, ".callreel"));
  const ledger = await openArchive(join(root, ".callreel", "ledger.db"), { clock: systemClock, pid: 1 });
  const library = openLibrary(join(root, ".callreel", "ledger.db"));
  const store = await openStore(root, { strict: true });
  const open: AsyncDisposable[] = [ledger, library];
  return {
    root,
    store,
    ledger,
    library,
    async keep(source, id, call, audio = smallWav(id)) {
      const key = source === "tim" ? `tim/3/4/${encodeURIComponent(id)}` : `ringcentral/${id}`;
      const ref = { key, source, id, locator: {}, call };
      const path = `${source}/${id}.wav`;
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), audio);
      const sha256 = createHash("sha256").update(audio).digest("hex");
      const seconds = (audio.length - 44) / 16_000;
      const stored = { path, bytes: audio.length, sha256, contentType: "audio/wav" as const, audioSeconds: seconds };
      await ledger.adopt([{ ref, stored }]);
      return ref;
    },
    async want(ref, code = "not-ready") {
      await ledger.begin({ runId: `earlier ${ref.key}`, startedMs: Date.now(), selection: {} });
      await ledger.claim([ref]);
      await ledger.failed(ref, new RecordingError(code, "It did not come."));
      await ledger.finish({ done: 0, skipped: 0, failed: 1, rejected: 0, bytes: 0, ms: 1, reasons: {} }, 3);
    },
    async open(ports = {}, settings = {}) {
      const archiveSet = openArchiveSet([{ store, ledger, library }]);
      const player = await openPlayer(
        { host: "127.0.0.1", port: 0, ...settings },
        { archiveSet, clock: systemClock, warn: (message) => console.error(message), ...ports },
      );
      open.push(player);
      return player;
    },
    async missing(source, retries = 0) {
      const http = openHttp({ connections: 8, connectTimeoutMs: 30_000, timeoutMs: 30_000, userAgent: "test" });
      const destination = await openDestination(root, {});
      const tee = openTee(destination, join(root, ".callreel", "partial"));
      const transfer = openTransfer({ [source.name]: [http] }, tee);
      open.push(transfer, http);
      const never = new AbortController().signal;
      const fetches = openFetches({
        ledger,
        tee,
        ports: {
          sources: new Map([[source.name, source]]),
          transfer,
          destination,
          clock: systemClock,
          random: () => 0,
        },
        plan: {
          transfers: 4,
          retry: { ...defaultRetryPolicy, retries },
          pathFor: (ref) => pathFor(defaultTemplate, ref, { restrict: false, sha256 }),
          expect: (ref) => ({ key: ref.key, resume: true, overwrite: false }),
          caps: {},
          failFast: false,
          again: false,
        },
        report: () => {},
        stop: never,
        abort: never,
      });
      return { fetches, named: source.named };
    },
    async [Symbol.asyncDispose]() {
      for (const each of open.reverse()) await each[Symbol.asyncDispose]();
      rmSync(root, { recursive: true, force: true });
    },
  };
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

export interface Ask {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
}

/** One request exactly as written: nothing is normalised, followed or added. */
export function ask(address: string, path: string, { method = "GET", headers = {}, body }: Ask = {}): Promise<Answer> {
  const { hostname, port } = new URL(address);
  return new Promise((resolve, reject) => {
    const sent = request({ hostname, port, path, method, headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) }),
      );
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

/** An answer that is heard while it comes in. */
export interface Hearing {
  readonly status: number;
  readonly headers: Answer["headers"];
  /** What has come so far, once it is at least `bytes` long. */
  heard(bytes: number): Promise<Buffer>;
  /** All of it; `cut` when the connection broke before the end. */
  end(): Promise<Buffer | "cut">;
  /** Takes nothing more until `end` or `heard`. */
  pause(): void;
  leave(): void;
}

/** Begins to listen; resolves when the answer's head is here. */
export function hear(address: string, path: string, headers: Record<string, string>): Promise<Hearing> {
  const { hostname, port } = new URL(address);
  return new Promise((resolve, reject) => {
    const sent = request({ hostname, port, path, headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      const all = () => Buffer.concat(chunks);
      const ended = new Promise<Buffer | "cut">((settle) => {
        response.on("error", () => settle("cut"));
        response.on("end", () => settle(all()));
      });
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      resolve({
        status: response.statusCode ?? 0,
        headers: response.headers,
        async heard(bytes) {
          response.resume();
          while (all().length < bytes) await new Promise((next) => response.once("data", next));
          return all();
        },
        end() {
          response.resume();
          return ended;
        },
        pause: () => response.pause(),
        leave: () => sent.destroy(),
      });
    });
    sent.on("error", reject);
    sent.end();
  });
}

/** Lets somebody in by the player's key; gives the cookie to send. */
export async function enter({ entrance, address }: Player): Promise<string> {
  const { pathname, search } = new URL(entrance);
  const answer = await ask(address, pathname + search);
  return cookieOf(answer);
}

/** The cookie that an answer sets. */
export function cookieOf({ headers }: Answer, at = 0): string {
  return (headers["set-cookie"]?.[at] ?? "").split(";")[0] as string;
}

export function json<T>({ body }: Answer): T {
  return JSON.parse(body.toString()) as T;
}
