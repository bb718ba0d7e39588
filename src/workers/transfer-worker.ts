import { setMaxListeners } from "node:events";
import { parentPort, workerData } from "node:worker_threads";
import { openTransfer } from "../core/download/transfer.ts";
import { asRecordingError, errorOf, errorParts } from "../core/model/errors.ts";
import type { Streamer, Transfer } from "../core/model/ports.ts";
import type { Stored } from "../core/model/recording.ts";
import { openDisk } from "../destinations/disk/disk.ts";
import { type Http, openHttp } from "../http/client.ts";
import { inBatches, type News, type Order, type ThreadSettings } from "./transfer-messages.ts";

/** No transfer notices such a delay, and a quick run ends several within it. */
const newsEveryMs = 1;
const settings = workerData as ThreadSettings;
const port = parentPort!;
const tell = inBatches<News>((batch) => port.postMessage(batch), newsEveryMs);
/** What cuts the running jobs of one signal over there. */
const cuts = new Map<number, { readonly controller: AbortController; jobs: number }>();
const clients: Http[] = [];
/** Opened for the first job. */
let transfer: Promise<Transfer> | undefined;
setMaxListeners(1000);

port.on("message", (orders: readonly Order[]) => {
  for (const order of orders) {
    if (order.order === "run") void run(order);
    else if (order.order === "cut") cuts.get(order.signal)?.controller.abort(errorOf(order.error));
    else void close();
  }
});

async function opened(): Promise<Transfer> {
  const log = settings.logRequests ? (entry: Parameters<typeof send>[0]) => send(entry) : undefined;
  const streamers: Record<string, readonly Streamer[]> = {};
  for (const [name, logins] of Object.entries(settings.http)) {
    const opened = logins.map((http) => openHttp(http, log));
    clients.push(...opened);
    streamers[name] = opened;
  }
  return openTransfer(streamers, await openDisk(settings.dest, settings.disk));
}

function send(entry: Extract<News, { news: "request" }>["entry"]): void {
  tell({ news: "request", entry });
}

/** One job to its end; everything that happens to it is told, nothing is thrown. */
async function run({ id, job, signal, progress }: Extract<Order, { order: "run" }>): Promise<void> {
  const cut = cutOf(signal);
  cut.jobs += 1;
  let settled: Promise<Stored> | undefined;
  try {
    const hooks = {
      head: (head: Extract<News, { news: "head" }>["head"]) => tell({ news: "head", id, head }),
      ...(progress && {
        progress: (bytes: number, total: number | undefined) => tell({ news: "progress", id, bytes, total }),
      }),
    };
    transfer ??= opened();
    ({ settled } = await (await transfer).run(job, hooks, cut.controller.signal));
    tell({ news: "received", id });
  } catch (thrown) {
    tell({ news: "failed", id, error: errorParts(asRecordingError(thrown)) });
  } finally {
    cut.jobs -= 1;
    if (cut.jobs === 0) cuts.delete(signal);
  }
  settled?.then(
    (stored) => tell({ news: "settled", id, stored }),
    (thrown) => tell({ news: "failed", id, error: errorParts(asRecordingError(thrown)) }),
  );
}

function cutOf(signal: number): { readonly controller: AbortController; jobs: number } {
  let cut = cuts.get(signal);
  if (cut === undefined) {
    cut = { controller: new AbortController(), jobs: 0 };
    cuts.set(signal, cut);
  }
  return cut;
}

async function close(): Promise<void> {
  await transfer?.then(
    (open) => open[Symbol.asyncDispose](),
    () => {},
  );
  await Promise.all(clients.map((client) => client[Symbol.asyncDispose]()));
  tell({ news: "closed" });
}

tell({ news: "ready" });
