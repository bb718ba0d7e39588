import { readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { start, until } from "../helpers/bin.ts";

describe.skipIf(process.platform !== "linux")("libuv's pool (its threads are counted in /proc)", () => {
  const threadsOf = async (env: Record<string, string>) => {
    const { child, finished, out } = start(["sandbox", "--json"], { env });
    await until(() => out().includes("TIM_URL"), "the sandbox");
    const threads = readdirSync(`/proc/${child.pid}/task`).length;
    child.kill();
    await finished;
    return threads;
  };

  it("has room for the syncs of many files: its size is set before Node starts it, and can be set otherwise", async () => {
    expect((await threadsOf({})) - (await threadsOf({ UV_THREADPOOL_SIZE: "4" }))).toBe(12);
  });
});
