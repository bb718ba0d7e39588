import { parentPort, workerData } from "node:worker_threads";
import { foundRows } from "../../core/download/found-rows.ts";
import { asRecordingError, errorParts } from "../../core/model/errors.ts";
import type { Row } from "../../core/model/recording.ts";
import { openNotify } from "../../core/notify.ts";
import { datedRows, openReader } from "../../readers/index.ts";
import { recordingsOf } from "../../sources/ringcentral/call-log/call-records.ts";
import { findRecordings } from "../../sources/tim/calls-table.ts";
import { missingLogin } from "../missing-login.ts";
import { sourceOfRow } from "../source-of-row.ts";
import { type RowNews, type RowSettings, textOf } from "./row-messages.ts";

/** Batches that may wait to be taken: more would outlive collections over there, for which Node 24 takes 20 MB. */
const mostWaiting = 4;
/** What is read outlives no collection, however small this thread's young generation is: with 64 KB it takes 50 MB more. */
const readBytes = 16 * 1024;

const { files, reader, dates, source, logins } = workerData as RowSettings;
const port = parentPort!;
const room = openNotify();
let waiting = 0;
port.on("message", () => {
  waiting -= 1;
  room.notify();
});

function tell(news: RowNews): void {
  waiting += 1;
  port.postMessage(news);
}

function sourceOf(row: Row) {
  const name = sourceOfRow(row, source);
  if (!logins.includes(name)) throw missingLogin(name);
  return { recordings: name === "tim" ? findRecordings : recordingsOf };
}

/** Reads all of the files, no faster than what they speak of is taken. */
async function read(): Promise<void> {
  try {
    const { rows } = await openReader(files, { ...reader, readBytes });
    // Whoever wants no more ends the thread.
    const dated = datedRows(rows(new AbortController().signal), dates);
    for await (const batch of foundRows(dated, sourceOf)) {
      tell({ batch: textOf(batch) });
      while (waiting >= mostWaiting) await room.notified();
    }
    tell({ end: {} });
  } catch (error) {
    tell({ end: { error: errorParts(asRecordingError(error)) } });
  }
  port.close();
}

void read();
