import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { runHere } from "../helpers/run-here.ts";
import { describeOnCeph } from "../helpers/shared-ceph.ts";
import { eventsOf, openTimWorld, type TimWorld } from "./tim-world.ts";

describeOnCeph("transcripts in a bucket of Ceph", { calls: {} }, (ceph) => {
  const encoded = (key: string) => key.split("/").map(encodeURIComponent).join("/");

  async function keysIn(prefix: string, ending: string): Promise<string[]> {
    const xml = await (await ceph.send("GET", `calls?list-type=2&prefix=${prefix}/`)).text();
    return [...xml.matchAll(/<Key>([^<]*)<\/Key>/g)]
      .map(([, key]) => key as string)
      .filter((key) => key.endsWith(ending));
  }

  /** A command that writes down what is said, as far as the copy that it gets is there and `refuses` is not. */
  function hookIn(world: TimWorld): string {
    const file = join(world.home, "hook.sh");
    const words = "WEBVTT\\n\\n00:00:01.000 --> 00:00:02.000\\nplease cancel my contract\\n";
    const lines = [
      `echo "$1" >> ${join(world.home, "copies")}`,
      `[ -e ${join(world.home, "refuses")} ] && exit 5`,
      '[ "$(sha256sum < "$1")" = "$CALLREEL_HOOK_SHA256  -" ] || exit 9',
      `printf '${words}' > "$1.vtt"`,
    ];
    writeFileSync(file, `#!/bin/sh\n${lines.join("\n")}\n`);
    chmodSync(file, 0o700);
    return file;
  }

  test("a command gets a copy of each recording; what it leaves beside it is kept, found, verified, exported, rebuilt and purged", async () => {
    await using world = await openTimWorld(3);
    const place = ["-d", "s3://calls/spoken", "--s3-endpoint", ceph.endpoint];
    const callreel = (...args: readonly string[]) =>
      runHere([...args, ...place], { env: { ...world.env, ...ceph.env }, cwd: world.home });
    const exec = ["--exec", `${hookIn(world)} {}`];

    writeFileSync(join(world.home, "refuses"), "");
    const failed = await callreel("download", "-s", "tim", "-r", world.csv, ...exec);
    expect([failed.code, failed.err]).toEqual([
      3,
      expect.stringMatching(/exited with 5 for s3:\/\/calls\/spoken\/\S+\.wav/),
    ]);
    rmSync(join(world.home, "refuses"));
    const again = await callreel("download", "-s", "tim", "--exec-failed", ...exec);
    expect([again.code, again.err]).toEqual([
      0,
      expect.stringContaining("--exec repeated for 3 recordings, 0 failed."),
    ]);
    const copies = readFileSync(join(world.home, "copies"), "utf8").trim().split("\n");
    expect([copies.length, copies.filter((copy) => existsSync(join(copy, "..")))]).toEqual([6, []]);

    const listed = async () =>
      eventsOf((await callreel("list", "--archive", "--text", "cancel my contract", "--json")).out).map(
        ({ key, transcripts }) => [key, transcripts],
      );
    const known = await listed();
    expect([known.length, (await keysIn("spoken", ".wav.vtt")).length]).toEqual([3, 3]);
    expect((await callreel("verify")).code).toBe(0);
    expect((await callreel("export", "--plain", "out")).code).toBe(0);
    expect(readFileSync(join(world.home, "out", "SHA256SUMS"), "utf8").match(/\.wav\.vtt$/gm)).toHaveLength(3);

    rmSync(join(world.home, "state"), { recursive: true });
    const rebuilt = await callreel("verify", "--rebuild");
    expect([rebuilt.code, rebuilt.err]).toEqual([0, expect.not.stringContaining("not recorded")]);
    expect((await listed()).sort()).toEqual(known.sort());

    const [first = "", second = ""] = await keysIn("spoken", ".wav.vtt");
    await ceph.send("PUT", `calls/${encoded(first)}`, {}, "WEBVTT\n\n00:01.000 --> 00:02.000\nother words\n");
    await ceph.send("DELETE", `calls/${encoded(second)}`);
    const changed = await callreel("verify", "--json");
    expect(eventsOf(changed.out).map(({ kind, transcript }) => [kind, transcript])).toEqual(
      expect.arrayContaining([
        ["changed", true],
        ["missing", true],
      ]),
    );
    const adopted = await callreel("adopt", "s3://calls/spoken", "--transcripts");
    expect([adopted.code, adopted.err]).toEqual([0, expect.stringContaining("Transcripts of 2 recordings")]);
    expect([(await callreel("verify")).code, (await listed()).length]).toEqual([0, 1]);

    expect((await callreel("hold", "confirm")).code).toBe(0);
    const gone = await callreel("purge", "--before", "2100-01-01", "--yes");
    expect([gone.code, gone.err]).toEqual([0, expect.stringContaining("3 recordings")]);
    expect(await keysIn("spoken", "")).toEqual(["spoken/.callreel/archive.json"]);
  });

  test("an object of somebody else's by a transcript's name stays, and is told; one that came in another way is noted by verify", async () => {
    await using world = await openTimWorld(1);
    const place = ["-d", "s3://calls/foreign", "--s3-endpoint", ceph.endpoint];
    const callreel = (...args: readonly string[]) =>
      runHere([...args, ...place], { env: { ...world.env, ...ceph.env }, cwd: world.home });
    const download = ["download", "-s", "tim", "-r", world.csv];
    expect((await callreel(...download)).code).toBe(0);
    const [audio = ""] = await keysIn("foreign", ".wav");
    const key = `calls/${encoded(audio)}.vtt`;
    await ceph.send("PUT", key, {}, "WEBVTT\n\n00:01.000 --> 00:02.000\nsomebody else's words\n");
    const exec = ["--exec", `${hookIn(world)} {}`];
    const done = await callreel(...download, "--force-overwrites", ...exec);
    expect([done.code, done.err]).toEqual([
      0,
      expect.stringMatching(/Not taken as a transcript: s3:\S+: another object/),
    ]);
    expect(await (await ceph.send("GET", key)).text()).toContain("somebody else's words");
    const verified = await callreel("verify");
    expect([verified.code, verified.err]).toEqual([0, expect.stringContaining("1 transcript newly recorded.")]);
    expect((await callreel("list", "--archive", "--text", "somebody", "--json")).out).toContain(".wav.vtt");
    expect(readdirSync(join(world.home, "state", "callreel", "s3"))).toHaveLength(1);
  });
});
