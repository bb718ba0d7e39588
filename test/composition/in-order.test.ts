import { readdirSync } from "node:fs";
import { expect, it, vi } from "vitest";
import { inOrder } from "../../src/composition/open-work.ts";
import type { Work } from "../../src/core/download/work.ts";
import { callRef } from "../helpers/calls-server.ts";
import { openTempFolder } from "../helpers/temp-folder.ts";

async function* pieces(): AsyncIterable<Work> {
  yield {
    refs: [callRef("c", "2026-03-01"), callRef("none")],
    events: [{ event: "notice", level: "info", message: "x" }],
  };
  yield { refs: [callRef("a", "2026-01-01"), callRef("b", "2026-02-01")], events: [] };
}

async function ids(descending: boolean): Promise<{ ids: string[]; events: number }> {
  const found: string[] = [];
  let events = 0;
  for await (const work of inOrder(pieces(), descending)) {
    found.push(...work.refs.map((ref) => ref.id));
    events += work.events.length;
  }
  return { ids: found, events };
}

it("sorts everything by call start, either way, and puts calls without one last", async () => {
  expect(await ids(false)).toEqual({ ids: ["a", "b", "c", "none"], events: 1 });
  expect(await ids(true)).toEqual({ ids: ["c", "b", "a", "none"], events: 1 });
});

it("hands large selections on in pages, and leaves nothing behind", async () => {
  async function* many(): AsyncIterable<Work> {
    yield {
      refs: Array.from({ length: 9_000 }, (_, at) => callRef(`r${at}`, `2026-01-01T00:00:${at % 60}`)),
      events: [],
    };
  }
  // A folder for temporary files that nobody else uses.
  using folder = openTempFolder();
  vi.stubEnv("TMPDIR", folder.path);
  const sizes: number[] = [];
  const found: string[][] = [];
  for await (const { refs } of inOrder(many(), false)) {
    sizes.push(refs.length);
    found.push(readdirSync(folder.path));
  }
  vi.unstubAllEnvs();
  expect(sizes).toEqual([4096, 4096, 808]);
  expect([found[0]?.length, readdirSync(folder.path)]).toEqual([1, []]);
});
