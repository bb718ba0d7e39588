import { chmodSync, existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { expect, test } from "vitest";
import { start, until } from "../helpers/bin.ts";
import { runHere } from "../helpers/run-here.ts";
import { describeOnCeph } from "../helpers/shared-ceph.ts";
import { openRingCentralWorld, quickBudget } from "./ringcentral-world.ts";

interface Place {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** The names of all that stands there. */
  names(): Promise<readonly string[]>;
}

/** A watch whose command writes a text down only once its recording has been purged. */
async function purgeBesideCommand(placeIn: (archive: string) => Place): Promise<void> {
  const data = { recordings: 2, layout: "plain" as const, days: 2, seconds: [2, 3] as const };
  const callLog = { listDelaySeconds: 0 };
  await using world = await openRingCentralWorld({ data, settings: { limits: quickBudget(60), callLog } });
  const { home, archive, rc } = world;
  const place = placeIn(archive);
  const env = { ...world.env, ...place.env };
  const [purged = "", kept = ""] = rc.recordings().map(({ id }) => `ringcentral/${id}`);
  const begun = (key: string) => join(home, `begun-${key.replace("/", "-")}`);
  const hook = join(home, "hook.sh");
  writeFileSync(
    hook,
    `#!/bin/sh
touch "${home}/begun-$(echo "$CALLREEL_HOOK_KEY" | tr / -)"
while [ ! -e "${home}/go" ]; do sleep 0.05; done
mkdir -p "$(dirname "$1")"
printf 'please cancel my contract\\n' > "$1.txt"
printf 'WEBVTT\\n\\n00:01.000 --> 00:02.000\\nplease cancel my contract\\n' > "\${1%.*}.vtt"
`,
  );
  chmodSync(hook, 0o700);
  const watching = start(
    [
      "watch",
      "-s",
      "ringcentral",
      ...place.args,
      "--exec",
      `${hook} {}`,
      "--every",
      "200ms",
      "--lookback",
      "3d",
      "--json",
    ],
    { env },
  );
  await until(() => [purged, kept].every((key) => existsSync(begun(key))), "both commands");
  const callreel = (...args: string[]) => runHere([...args, ...place.args], { env });
  expect((await callreel("purge", purged, "--yes")).code).toBe(0);
  writeFileSync(join(home, "go"), "");
  await until(() => watching.err().includes("was purged meanwhile"), "word of it");
  while ((await callreel("list", "--archive", "--text", "cancel", "--json")).out === "") await setTimeout(50);
  watching.child.kill("SIGTERM");
  const { code, err } = await watching.finished;
  expect([code, err]).toEqual([0, expect.stringContaining(`${purged} was purged meanwhile`)]);
  const names = (await place.names()).filter((name) => /\.(?:txt|vtt|wav|mp3)$/.test(name));
  expect(names.map((name) => name.replace(/^.*\./, "")).sort()).toEqual(["mp3", "txt", "vtt"]);
  expect((await callreel("verify")).code).toBe(0);
}

const inFolder = (archive: string): Place => ({
  args: ["-d", archive],
  env: {},
  names: async () => readdirSync(archive, { recursive: true, encoding: "utf8" }),
});

test("what a command leaves beside a recording that was purged meanwhile is deleted again", async () => {
  await purgeBesideCommand((archive) => inFolder(archive));
}, 300_000);

describeOnCeph("in a bucket of Ceph", { calls: {} }, (ceph) => {
  test("it is deleted again, too", async () => {
    await purgeBesideCommand(() => ({
      args: ["-d", "s3://calls/purged", "--s3-endpoint", ceph.endpoint],
      env: ceph.env,
      async names() {
        const xml = await (await ceph.send("GET", "calls?list-type=2&prefix=purged/")).text();
        return [...xml.matchAll(/<Key>([^<]*)<\/Key>/g)].map(([, name]) => name as string);
      },
    }));
  }, 300_000);
});
