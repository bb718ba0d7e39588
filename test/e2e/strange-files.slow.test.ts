import { execFileSync } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { run } from "../helpers/bin.ts";
import { runHere } from "../helpers/run-here.ts";
import { openTimWorld, type TimWorld } from "./tim-world.ts";

/** What somebody who may write to the archive's folder can put where a file of ours stands or will stand. */
const strange = {
  "a pipe": (path: string) => void execFileSync("mkfifo", [path]),
  "a link to an endless device": (path: string) => symlinkSync("/dev/zero", path),
  "a link to somebody's file": (path: string, victim: string) => symlinkSync(victim, path),
  "a folder": (path: string) => mkdirSync(path),
};
type Strange = keyof typeof strange;

/** How each command that reads or writes the file ends: never by hanging, never with 1. */
const tries: readonly [
  file: string,
  verb: string,
  args: (world: World) => string[],
  codes: Partial<Record<Strange, number>>,
][] = [
  ["sidecar", "verify", () => [], { "a pipe": 0, "a link to an endless device": 0 }],
  ["sidecar", "verify", () => ["--rebuild"], { "a pipe": 0, "a folder": 0 }],
  ["SHA256SUMS", "verify", () => ["--rebuild"], { "a pipe": 0, "a link to an endless device": 0 }],
  ["SHA256SUMS", "verify", () => ["--write-sums"], { "a pipe": 0, "a link to somebody's file": 0, "a folder": 13 }],
  [
    "SHA256SUMS",
    "purge",
    ({ key }) => [key, "--yes"],
    { "a pipe": 13, "a link to somebody's file": 13, "a folder": 13 },
  ],
  [
    ".callreel/seals",
    "verify",
    ({ publicKey }) => ["--seal", publicKey],
    { "a pipe": 13, "a link to an endless device": 13 },
  ],
  [
    ".callreel/seals",
    "download",
    (world) => [...again(world), "--seal-key", world.privateKey],
    { "a pipe": 13, "a link to somebody's file": 13, "a folder": 13 },
  ],
  [".callreel/lock.json", "download", again, { "a pipe": 0, "a link to somebody's file": 0, "a folder": 13 }],
];

const cases = tries.flatMap(([file, verb, args, codes]) =>
  (Object.entries(codes) as [Strange, number][]).map(([kind, code]) => ({ kind, file, verb, args, code })),
);

it.each(cases)("$kind in the place of $file does not hold up $verb, and nothing elsewhere changes", async (each) => {
  await using world = await openWorld();
  const path = join(world.archive, each.file === "sidecar" ? sidecarIn(world.archive) : each.file);
  const victim = join(world.home, "victim");
  writeFileSync(victim, "kept");
  rmSync(path, { recursive: true, force: true });
  strange[each.kind](path, victim);
  const { code, err } = await run([each.verb, "-d", world.archive, ...each.args(world)], { env: world.env });
  expect(code, err).toBe(each.code);
  expect(readFileSync(victim, "utf8")).toBe("kept");
});

it("seals stand each on a line of its own, also after one that a full disk cut short", async () => {
  await using world = await openWorld();
  const seals = join(world.archive, ".callreel", "seals");
  writeFileSync(seals, '{"head":"cut sh');
  await runHere(["download", "-d", world.archive, ...again(world), "--seal-key", world.privateKey], world);
  expect(readFileSync(seals, "utf8").split("\n").slice(0, 2)).toEqual([
    '{"head":"cut sh',
    expect.stringContaining('"signature"'),
  ]);
});

interface World extends TimWorld {
  readonly key: string;
  readonly privateKey: string;
  readonly publicKey: string;
}

async function openWorld(): Promise<World> {
  const world = await openTimWorld(3);
  const made = generateKeyPairSync("ed25519");
  const paths = { privateKey: join(world.home, "key.pem"), publicKey: join(world.home, "public.pem") };
  writeFileSync(paths.privateKey, made.privateKey.export({ type: "pkcs8", format: "pem" }));
  writeFileSync(paths.publicKey, made.publicKey.export({ type: "spki", format: "pem" }));
  const { code, err } = await runHere(["download", "--rows", world.csv, "-d", world.archive, "--write-info-json"], {
    env: world.env,
  });
  expect(code, err).toBe(0);
  const { key } = JSON.parse(readFileSync(join(world.archive, sidecarIn(world.archive)), "utf8")) as { key: string };
  return Object.assign(world, { key, ...paths });
}

function again({ csv }: TimWorld): string[] {
  return ["--rows", csv, "--force-overwrites"];
}

function sidecarIn(archive: string): string {
  const found = readdirSync(archive, { recursive: true, encoding: "utf8" }).find((name) => name.endsWith(".info.json"));
  expect(found !== undefined && existsSync(join(archive, found))).toBe(true);
  return found as string;
}
