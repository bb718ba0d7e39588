import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { expect, test } from "vitest";
import { openTransfer } from "../../src/core/download/transfer.ts";
import type { Destination, TransferJob } from "../../src/core/model/ports.ts";
import { openDisk } from "../../src/destinations/disk/disk.ts";
import { openHttp } from "../../src/http/client.ts";
import { serveCalls, smallWav } from "../helpers/calls-server.ts";
import { openTempFolder } from "../helpers/temp-folder.ts";

test("a transfer that pauses after every piece arrives whole, over the network", async () => {
  const body = smallWav("long", 60);
  await using server = await serveCalls((_id, _nth, _request, response) => {
    response.writeHead(200, { "content-type": "audio/wav", "content-length": body.length }).end(body);
    return true;
  });
  using folder = openTempFolder();
  await using disk = await openDisk(folder.path);
  await using http = openHttp({ connections: 1, connectTimeoutMs: 30_000, timeoutMs: 30_000, userAgent: "test" });
  const slow: Destination = {
    ...disk,
    async open(...asked) {
      const incoming = await disk.open(...asked);
      return {
        rangeHeaders: incoming.rangeHeaders,
        head: (head) => incoming.head(head),
        finish: () => incoming.finish(),
        abandon: (error) => incoming.abandon(error),
        chunk: (bytes) => Promise.resolve(incoming.chunk(bytes)).then(() => setImmediate()),
      };
    },
  };
  const job: TransferJob = {
    source: "tim",
    url: `${server.url}/long`,
    headers: {},
    resumable: true,
    path: "long.{ext}",
    expect: { key: "tim/a/b/long", resume: true, overwrite: false },
  };
  const received = await openTransfer({ tim: [http] }, slow).run(job, {}, new AbortController().signal);
  const { path } = await received.settled;
  expect(readFileSync(join(folder.path, path)).equals(body)).toBe(true);
});
