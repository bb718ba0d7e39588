import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { run } from "../helpers/bin.ts";
import { openTimWorld } from "./tim-world.ts";

it("-q silences the screen, never the log file, whatever -v says", async () => {
  await using world = await openTimWorld(3);
  const { csv, archive, env, home } = world;
  for (const more of [[], ["-v"]]) {
    const file = join(home, `run${more.length}.log`);
    const args = ["download", "--rows", csv, "-d", archive, "-q", "--log-file", file, "--force-overwrites", ...more];
    const { code, out, err } = await run(args, { env });
    expect([code, out, err]).toEqual([0, "", ""]);
    expect(readFileSync(file, "utf8")).toMatch(/run .* into [\s\S]*done tim\/[\s\S]*run finished: \d+ done/);
  }
});
