import { execFileSync } from "node:child_process";
import { mkdirSync, rmdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { openDiskStore } from "../../src/destinations/disk/store.ts";
import { pathsIn, type StoreUnderTest, testStore, textOf } from "../contracts/store.ts";
import { openTempFolder } from "../helpers/temp-folder.ts";

type Settings = Parameters<typeof openDiskStore>[1];

interface DiskUnderTest extends StoreUnderTest {
  readonly root: string;
}

async function openWorld(settings: Settings = {}): Promise<DiskUnderTest> {
  const folder = openTempFolder();
  const store = openDiskStore(folder.path, settings);
  return {
    root: folder.path,
    store,
    async put(path, bytes) {
      mkdirSync(dirname(join(folder.path, path)), { recursive: true });
      writeFileSync(join(folder.path, path), bytes);
    },
    async [Symbol.asyncDispose]() {
      await store[Symbol.asyncDispose]();
      folder[Symbol.dispose]();
    },
  };
}

testStore("disk", openWorld);
testStore("disk, for strangers", () => openWorld({ strict: true }));

const unsafe = (message: string) =>
  expect.objectContaining({ code: "unsafe-path", message: expect.stringContaining(message) });

describe("a folder as a store", () => {
  const kinds: readonly (readonly [string, (path: string) => void])[] = [
    ["a folder", (path) => mkdirSync(path)],
    ["a symbolic link", (path) => symlinkSync("/etc/passwd", path)],
    ["a pipe or device", (path) => execFileSync("mkfifo", [path])],
  ];
  test.each(kinds)("refuses %s in a file's place, and waits for nobody", async (what, make) => {
    await using world = await openWorld();
    make(join(world.root, "a.wav"));
    await expect(world.store.read("a.wav")).rejects.toEqual(unsafe(`a.wav is ${what}, where a file`));
    await expect(world.store.remove("a.wav")).rejects.toEqual(unsafe("instead of a file"));
    expect(await world.store.stat("a.wav")).toBeUndefined();
    expect(await pathsIn(world.store)).toEqual([]);
  });

  test("follows no folder that is a link when it lists or deletes, nor for strangers when it reads", async () => {
    await using outside = await openWorld();
    await outside.put("a.wav", Buffer.from("secret"));
    await using world = await openWorld({ strict: true });
    symlinkSync(outside.root, join(world.root, "f"));
    expect(await pathsIn(world.store)).toEqual([]);
    await expect(world.store.read("f/a.wav")).rejects.toEqual(unsafe("through a symbolic link"));
    await expect(world.store.stat("f/a.wav")).rejects.toEqual(unsafe("through a symbolic link"));
    await expect(world.store.remove("f/a.wav")).rejects.toEqual(unsafe("on the way there is a symbolic link"));
    expect(await textOf(outside.store, "a.wav")).toBe("secret");
  });

  test("reads an archive that is itself reached through a link", async () => {
    await using world = await openWorld();
    await world.put("f/a.wav", Buffer.from("sound"));
    await using other = await openWorld();
    symlinkSync(world.root, join(other.root, "archive"));
    const store = openDiskStore(join(other.root, "archive"), { strict: true });
    expect(await textOf(store, "f/a.wav")).toBe("sound");
    expect(await pathsIn(store)).toEqual(["f/a.wav"]);
  });

  test("lists no parts, sidecars, hidden files or lists of hashes", async () => {
    await using world = await openWorld();
    for (const name of ["a.wav", "a.info.json", "b.wav.part", ".c.wav", "SHA256SUMS", "f/.callreel/d.wav"])
      await world.put(name, Buffer.from("x"));
    expect(await pathsIn(world.store)).toEqual(["a.wav"]);
  });

  test("has nothing where the folder is not there: no file, nothing to delete, and no list", async () => {
    await using world = await openWorld();
    rmdirSync(world.root);
    expect(await world.store.stat("a.wav")).toBeUndefined();
    expect(await world.store.read("a.wav")).toBeUndefined();
    expect(await world.store.remove("a.wav")).toBe("absent");
    const told: string[] = [];
    expect(await pathsIn(world.store, { unreadable: (path) => told.push(path) })).toEqual([]);
    expect(told).toEqual([""]);
    await expect(pathsIn(world.store)).rejects.toEqual(expect.objectContaining({ code: "disk-io" }));
  });
});
