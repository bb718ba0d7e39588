import { setMaxListeners } from "node:events";
import { parentPort, workerData } from "node:worker_threads";
import { errorOf, errorParts } from "./core/error-parts.ts";
import { asRecordingError } from "./core/errors.ts";
import { limitRate } from "./core/limit-rate.ts";
import type { Streamer, Transfer } from "./core/ports.ts";
import { openTransfer } from "./core/transfer.ts";
import { openDisk } from "./destinations/disk.ts";
import { type Http, openHttp } from "./http.ts";
import { systemClock } from "./process-io.ts";
import { inBatches, type News, type Order, type ThreadSettings } from "./transfer-messages.ts";
import { keepHeapSmall } from "./v8-settings.ts";

/** No transfer notices such a delay, and a quick run ends several within it. */
const newsEveryMs = 1;
const settings = workerData as ThreadSettings;
const port = parentPort!;
const tell = inBatches<News>((batch) => port.postMessage(batch), newsEveryMs);
const running = new Map<number, AbortController>();
const clients: Http[] = [];
const transfer = opened();
keepHeapSmall();
setMaxListeners(1000);

port.on("message", (orders: readonly Order[]) => {
  for (const order of orders) {
    if (order.order === "run") void run(order);
    else if (order.order === "cut") running.get(order.id)?.abort(errorOf(order.error));
    else void close();
  }
});

async function opened(): Promise<Transfer> {
  const log = settings.logRequests ? (entry: Parameters<typeof send>[0]) => send(entry) : undefined;
  const streamers: Record<string, Streamer> = {};
  for (const [name, http] of Object.entries(settings.http)) {
    const client = openHttp(http, log);
    clients.push(client);
    streamers[name] =
      settings.bytesPerSecond === undefined ? client : limitRate(client, settings.bytesPerSecond, systemClock);
  }
  return openTransfer(streamers, await openDisk(settings.dest, settings.disk));
}

function send(entry: Extract<News, { news: "request" }>["entry"]): void {
  tell({ news: "request", entry });
}

/** One job to its end; everything that happens to it is told, nothing is thrown. */
async function run({ id, job, progress }: Extract<Order, { order: "run" }>): Promise<void> {
  const cut = new AbortController();
  running.set(id, cut);
  try {
    const hooks = {
      head: (head: Extract<News, { news: "head" }>["head"]) => tell({ news: "head", id, head }),
      ...(progress && {
        progress: (bytes: number, total: number | undefined) => tell({ news: "progress", id, bytes, total }),
      }),
    };
    const received = await (await transfer).run(job, hooks, cut.signal);
    running.delete(id);
    tell({ news: "received", id });
    tell({ news: "settled", id, stored: await received.settled });
  } catch (thrown) {
    tell({ news: "failed", id, error: errorParts(asRecordingError(thrown)) });
  } finally {
    running.delete(id);
  }
}

async function close(): Promise<void> {
  await transfer.then(
    (open) => open[Symbol.asyncDispose](),
    () => {},
  );
  await Promise.all(clients.map((client) => client[Symbol.asyncDispose]()));
  tell({ news: "closed" });
}
