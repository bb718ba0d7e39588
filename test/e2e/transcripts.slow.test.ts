import { spawnSync } from "node:child_process";
import { appendFileSync, chmodSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, it } from "vitest";
import { runHere } from "../helpers/run-here.ts";
import { eventsOf, openTimWorld, type TimWorld } from "./tim-world.ts";

interface Listed {
  readonly key: string;
  readonly path: string;
  readonly transcripts?: readonly { readonly path: string; readonly sha256: string; readonly note?: string }[];
}

it("a transcript that --exec leaves is known: found by its words, exported, and gone with its recording to the last byte", async () => {
  await using world = await openTimWorld(4);
  const hook = program(
    world,
    'stem="$(echo "$1" | sed "s/[.][^.]*$//")"; printf "WEBVTT\\n\\n00:01.000 --> 00:02.000\\nplease send the Rückerstattung-$CALLREEL_HOOK_BYTES\\n" > "$stem.vtt"; printf "zebrafish" > "$1.txt"',
  );
  expect((await callreel(world, "download", "--rows", world.csv, "--exec", `${hook} {}`)).code).toBe(0);
  const [first, second] = (await listed(world)) as [Listed, Listed];
  expect(first.transcripts?.map(({ path }) => path)).toEqual([
    first.path.replace(/\.\w+$/, ".vtt"),
    `${first.path}.txt`,
  ]);
  expect((await listed(world, "--text", "ruckerstattung")).length).toBe((await listed(world)).length);
  expect((await callreel(world, "verify", "--write-sums")).code).toBe(0);
  const sums = spawnSync("sha256sum", ["-c", "--quiet", "SHA256SUMS"], { cwd: world.archive, encoding: "utf8" });
  expect([sums.status, readFileSync(join(world.archive, "SHA256SUMS"), "utf8")]).toEqual([
    0,
    expect.stringContaining(".vtt"),
  ]);

  for (const [flag, data] of [
    ["--bagit", "data"],
    ["--plain", ""],
  ] as const) {
    const folder = join(world.home, `handed${flag}`);
    expect((await callreel(world, "export", first.key, flag, folder)).code).toBe(0);
    expect(readFileSync(join(folder, data, `${first.path}.txt`), "utf8")).toBe("zebrafish");
    const list = readFileSync(join(folder, data === "" ? "SHA256SUMS" : "manifest-sha256.txt"), "utf8");
    expect(list).toContain(`${join(data, first.path)}.txt`);
  }

  const words = [`Rückerstattung-`, "zebrafish", ".vtt"];
  expect(words.filter((word) => textOf(world.archive).includes(latin(word)))).toEqual(words);
  const one = await callreel(world, "purge", second.key, "--yes");
  expect([one.code, one.out.split("\n")]).toEqual([0, expect.arrayContaining([`${second.path}.txt`])]);
  expect((await listed(world, "--text", "zebrafish")).map(({ key }) => key)).not.toContain(second.key);
  expect((await callreel(world, "verify")).code).toBe(0);
  expect(
    (await callreel(world, "purge", "--before", "9999-01-01", ...(await listed(world)).map(({ key }) => key), "--yes"))
      .code,
  ).toBe(0);
  expect(words.filter((word) => textOf(world.archive).includes(latin(word)))).toEqual([]);
});

it("one that comes later is known from the next verify on; a changed or missing one is a difference, and no repair's business", async () => {
  await using world = await openTimWorld(3);
  expect((await callreel(world, "download", "--rows", world.csv)).code).toBe(0);
  const [first, second] = (await listed(world)) as [Listed, Listed];
  const srt = beside(world, first, ".srt");
  writeFileSync(srt, "1\n00:00:01,000 --> 00:00:02,000\nthe orchid invoice\n");
  writeFileSync(`${join(world.archive, second.path)}.json`, '{"text":"walrus"}');
  writeFileSync(join(dirname(srt), "alone.txt"), "nobody's");
  const found = await callreel(world, "verify");
  expect([found.code, found.out, found.err]).toEqual([
    6,
    expect.stringMatching(/^unknown-file: \S*alone.txt: .*\n$/),
    expect.stringContaining("2 transcripts newly recorded."),
  ]);
  rmSync(join(dirname(srt), "alone.txt"));
  expect((await listed(world, "--text", "orchid inv")).map(({ key }) => key)).toEqual([first.key]);
  expect((await callreel(world, "verify")).code).toBe(0);

  appendFileSync(srt, "and more\n");
  rmSync(`${join(world.archive, second.path)}.json`);
  const changed = await callreel(world, "verify", "--json");
  expect(changed.code).toBe(6);
  const findings = eventsOf(changed.out).filter(({ event }) => event === "finding");
  expect(findings.sort((a, b) => String(a.kind).localeCompare(String(b.kind)))).toMatchObject([
    { kind: "changed", key: first.key, transcript: true },
    { kind: "missing", key: second.key, transcript: true },
  ]);
  const repaired = await callreel(world, "verify", "--repair");
  expect([repaired.code, repaired.err]).toEqual([6, expect.not.stringContaining("repaired")]);
  expect((await callreel(world, "export", first.key, "--plain", join(world.home, "handed"))).code).toBe(6);
  expect(existsSync(join(world.home, "handed"))).toBe(false);

  const taken = await callreel(world, "adopt", world.archive, "--transcripts");
  expect([taken.code, taken.err]).toEqual([0, expect.stringContaining("Transcripts of 2 recordings in ")]);
  expect((await callreel(world, "verify")).code).toBe(0);
  expect((await listed(world, "--text", "invoice and more")).map(({ key }) => key)).toEqual([first.key]);
  expect((await callreel(world, "audit", "--action", "adopt")).out).toContain("recorded as they stand");
});

it("hostile transcripts end in a word or in plain text: a link, a pipe, a folder, endless text, no UTF-8", async () => {
  await using world = await openTimWorld(12);
  const hook = program(
    world,
    'stem="$(echo "$1" | sed "s/[.][^.]*$//")"; n=$(ls "$2" | grep -c seen); touch "$2/seen$n"; case $n in 0) ln -s /etc/passwd "$stem.txt";; 1) mkfifo "$stem.vtt";; 2) mkdir "$1.json";; 3) head -c 9000000 /dev/zero | tr "\\\\0" "ab c" > "$1.txt";; *) printf "caf\\\\351 \\\\000<script>" > "$1.txt";; esac',
  );
  const { code, err } = await callreel(
    world,
    "download",
    "--rows",
    world.csv,
    "-j",
    "1",
    "--exec",
    `${hook} {} ${world.home}`,
  );
  expect(code).toBe(0);
  expect(err).toMatch(/Not taken as a transcript: \S+\.txt is not a regular file/);
  expect(err).toMatch(/\.vtt is not a regular file/);
  expect(err).toMatch(/\.json is not a regular file/);
  expect(err).toMatch(/larger than 8 MB: its words are not searched/);
  expect(await listed(world, "--text", "root:")).toEqual([]);
  expect((await listed(world, "--text", "café <script>")).length).toBeGreaterThan(0);
  expect((await callreel(world, "verify")).code).toBe(0);
  expect(
    (await callreel(world, "purge", "--before", "9999-01-01", ...(await listed(world)).map(({ key }) => key), "--yes"))
      .code,
  ).not.toBe(1);
});

it("adopted recordings bring their transcripts along, and a rebuild keeps them", async () => {
  await using world = await openTimWorld(3);
  expect((await callreel(world, "download", "--rows", world.csv, "-o", "{id}.{ext}")).code).toBe(0);
  for (const one of await listed(world)) writeFileSync(beside(world, one, ".txt"), `giraffe ${one.key}`);
  rmSync(join(world.archive, ".callreel"), { recursive: true });
  const adopted = await callreel(world, "adopt", world.archive, "--rows", world.csv, "--match", "{id}.{ext}");
  expect([adopted.code, adopted.err]).toEqual([0, expect.stringContaining("0 files not matched")]);
  const held = (await listed(world, "--text", "giraffe")).length;
  expect(held).toBe((await listed(world)).length);
  expect((await callreel(world, "verify", "--rebuild")).code).toBe(0);
  expect((await listed(world, "--text", "giraffe")).length).toBe(held);
});

function callreel({ archive, env }: TimWorld, ...args: string[]) {
  return runHere([...args, "-d", archive], { env });
}

async function listed(world: TimWorld, ...args: string[]): Promise<Listed[]> {
  return eventsOf((await callreel(world, "list", "--archive", "--json", ...args)).out) as unknown as Listed[];
}

function beside({ archive }: TimWorld, { path }: Listed, extension: string): string {
  return join(archive, path.replace(/\.\w+$/, extension));
}

/** Everything on this archive's disk: names and bytes. */
function textOf(archive: string): string {
  const names = readdirSync(archive, { recursive: true, encoding: "utf8", withFileTypes: true });
  const contents = names
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), "latin1"));
  return [...names.map(({ name }) => name), ...contents].join("\n");
}

function latin(text: string): string {
  return Buffer.from(text).toString("latin1");
}

function program({ home }: TimWorld, script: string): string {
  const path = join(home, "hook");
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
  return path;
}
