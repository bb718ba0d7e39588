import { fork } from "node:child_process";
import { once } from "node:events";
import type { RingCentralSettings } from "../../../src/sources/ringcentral/index.ts";

const path = new URL("worker.js", import.meta.url).pathname;

/** Fetches these recordings in a process of its own, built as users run it; returns how many came. */
export async function fetchInProcess(settings: RingCentralSettings, ids: readonly string[]): Promise<number> {
  const child = fork(path, { execArgv: [] });
  child.send({ settings, ids });
  const [fetched] = (await once(child, "message")) as [number];
  await once(child, "exit");
  return fetched;
}
