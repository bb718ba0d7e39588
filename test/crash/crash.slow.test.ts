import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { eventsOf, openTimWorld, type TimWorld } from "../e2e/tim-world.ts";
import { runHere } from "../helpers/run-here.ts";
import { openTempFolder } from "../helpers/temp-folder.ts";
import { countTries } from "../helpers/tries.ts";
import { broken, compileShim, held, type Scene, snapshot, stepsOf, ways } from "./breaking.ts";

/** How many steps of each command break in each way, spread over all of them; `CRASH_STEPS=all` is each one. */
const { CRASH_STEPS = "2" } = process.env;
const stepsTried = CRASH_STEPS === "all" ? Number.POSITIVE_INFINITY : Number(CRASH_STEPS);
const tools = openTempFolder();
const shim = compileShim(tools.path);
afterAll(() => tools[Symbol.dispose]());

const rows = 3;
const all = (world: TimWorld) => (held(world) === rows ? undefined : `${held(world)} of ${rows} are held`);
const fill = (world: TimWorld) => ["download", "--rows", world.csv, "-d", world.archive, "--write-info-json"];

/** Each command, with what stands before it. */
const scenes: Readonly<Record<string, (world: TimWorld) => Promise<Scene>>> = {
  async download(world) {
    return {
      command: fill(world),
      under: world.archive,
      wrong: ({ code }) => (code === 0 ? all(world) : undefined),
      incomplete: () => all(world),
    };
  },
  async purge(world) {
    await runHere(fill(world), { env: world.env });
    const listed = await runHere(["list", "--archive", "--json", "-d", world.archive], { env: world.env });
    const key = String(eventsOf(listed.out)[0]?.key);
    const left = () => (held(world) === rows - 1 ? undefined : `${held(world)} files are there`);
    const sidecars = () => spawnSync("find", [world.archive, "-name", "*.info.json"], { encoding: "utf8" }).stdout;
    return {
      command: ["purge", key, "--yes", "-d", world.archive],
      under: world.archive,
      wrong: ({ code }) => (code === 0 ? left() : undefined),
      incomplete: () => left() ?? (sidecars().trim().split("\n").length === rows - 1 ? undefined : sidecars()),
    };
  },
  async "purge beside a hold"(world) {
    const { env } = world;
    await runHere(fill(world), { env });
    const listed = await runHere(["list", "--archive", "--json", "-d", world.archive], { env });
    const entries = eventsOf(listed.out) as { key: string; path: string }[];
    const [kept, late] = entries as [(typeof entries)[0], (typeof entries)[0]];
    await runHere(["hold", "add", kept.key, "-d", world.archive], { env });
    const standing = () =>
      existsSync(join(world.archive, kept.path)) ? undefined : `${kept.path} is gone, though it is held`;
    const left = () => standing() ?? (held(world) === 1 ? undefined : `${held(world)} files are there`);
    return {
      command: ["purge", ...entries.map(({ key }) => key), "--yes", "-d", world.archive],
      ends: 3,
      under: world.archive,
      wrong: ({ code }) => (code === 3 ? left() : standing()),
      between: async () => {
        // What the purge has not reached by then is kept from here on; what it has must not come back.
        const file = join(world.archive, late.path);
        const stood = existsSync(file);
        const added = await runHere(["hold", "add", late.key, "-d", world.archive], { env });
        const rest = await runHere(["purge", "--yes", "-d", world.archive], { env });
        const lost = stood && !existsSync(file) && [0, 3].includes(added.code ?? -1);
        if (lost) return `${late.path} is gone, though a hold came first: ${added.err}${rest.err}`;
        await runHere(["hold", "remove", late.key, "-d", world.archive], { env });
        return undefined;
      },
      incomplete: left,
    };
  },
  async adopt(world) {
    await runHere([...fill(world), "-o", "{date}/{id}.{ext}"], { env: world.env });
    rmSync(join(world.archive, ".callreel"), { recursive: true });
    spawnSync("find", [world.archive, "-name", "*.info.json", "-delete"]);
    return {
      command: ["adopt", world.archive, "-d", world.archive, "--rows", world.csv],
      under: world.archive,
      wrong: () => all(world),
      incomplete: () => all(world),
    };
  },
  async rebuild(world) {
    await runHere(fill(world), { env: world.env });
    return {
      command: ["verify", "--rebuild", "-d", world.archive],
      under: world.archive,
      wrong: () => all(world),
      incomplete: () => all(world),
    };
  },
  async export(world) {
    await runHere(fill(world), { env: world.env });
    const bags = join(world.home, "bags");
    const bag = join(bags, "bag");
    const unsound = () => {
      const sums = ["manifest-sha256.txt", "tagmanifest-sha256.txt"];
      const checked = sums.map((name) => spawnSync("sha256sum", ["-c", "--strict", "--quiet", name], { cwd: bag }));
      return checked.every(({ status }) => status === 0) ? undefined : "the bag is not sound";
    };
    return {
      command: ["export", "-d", world.archive, "--bagit", bag],
      under: bags,
      wrong: ({ code }) => (existsSync(bag) ? unsound() : code === 0 ? "there is no bag" : undefined),
      again: () => {
        rmSync(bag, { recursive: true, force: true });
        return ["export", "-d", world.archive, "--bagit", bag];
      },
      incomplete: unsound,
    };
  },
};

describe.skipIf(shim === undefined)(`broken at each of their changes to files${shim ? "" : " (needs gcc)"}`, () => {
  test.each(Object.keys(scenes))(
    "%s leaves nothing false, and the next run completes",
    async (name) => {
      await using world = await openTimWorld(rows, {}, { seconds: [1, 2] });
      const scene = await (scenes[name] as (typeof scenes)[string])(world);
      const bags = join(world.home, "bags");
      mkdirSync(bags);
      const restore = snapshot(world.archive, join(world.home, "before"));
      const steps = await stepsOf(scene, world, shim as string);
      expect(steps).toBeGreaterThan(5);
      const failures: string[] = [];
      for (const how of ways) {
        let tried = 0;
        const failedBefore = failures.length;
        const stride = Math.max(1, steps / stepsTried);
        for (
          let at = 1 + Math.floor(((ways.indexOf(how) * stride) / ways.length) % stride);
          at <= steps;
          at += stride
        ) {
          restore();
          rmSync(bags, { recursive: true });
          mkdirSync(bags);
          tried += 1;
          const wrong = await broken(scene, world, shim as string, how, Math.floor(at));
          if (wrong !== undefined) failures.push(`${how} at ${Math.floor(at)} of ${steps}: ${wrong}`);
        }
        countTries(`${name} broken by ${how}, ${steps} steps`, tried, failures.length - failedBefore);
      }
      expect(failures).toEqual([]);
    },
    stepsTried > 2 ? 7_200_000 : undefined,
  );
});
