import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import type { ByteRange, ListOptions, Store } from "../../src/core/model/store.ts";

/** A store, and how to put files there behind its back. */
export interface StoreUnderTest extends AsyncDisposable {
  readonly store: Store;
  put(path: string, bytes: Uint8Array): Promise<void>;
  /** A file that nobody may delete for a while; absent where there is no such thing. */
  putLocked?(path: string, bytes: Uint8Array): Promise<void>;
  /** A file as the destination itself stores a recording with this key, where it notes such things with the file. */
  putNoted?(path: string, bytes: Uint8Array, key: string): Promise<void>;
}

export async function textOf(store: Store, path: string, range?: ByteRange): Promise<string | undefined> {
  await using reading = await store.read(path, range);
  if (reading === undefined) return undefined;
  const chunks: Buffer[] = [];
  for await (const chunk of reading.bytes) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString("latin1");
}

export async function pathsIn(store: Store, options?: ListOptions): Promise<string[]> {
  const paths: string[] = [];
  for await (const page of store.list(options)) paths.push(...page.map(({ path }) => path));
  return paths.sort();
}

function sha256Of(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

const audio = Buffer.from("0123456789");

/** What every store must do, wherever its files are. */
export function testStore(name: string, open: () => Promise<StoreUnderTest>): void {
  describe(`a store (${name})`, () => {
    test("tells a file's size and age without reading it, and undefined where there is none", async () => {
      await using world = await open();
      const before = Date.now();
      await world.put("2024/05/a.wav", audio);
      const facts = await world.store.stat("2024/05/a.wav");
      expect(facts?.bytes).toBe(10);
      expect(Math.abs((facts?.changedMs ?? 0) - before)).toBeLessThan(60_000);
      expect(await world.store.stat("2024/05/b.wav")).toBeUndefined();
      expect(await world.store.stat("2024/05")).toBeUndefined();
      expect(await world.store.stat("2024/05/a.wav/b.wav")).toBeUndefined();
    });

    test.each([
      ["all of it", undefined, "0123456789"],
      ["its beginning", { start: 0, end: 0 }, "0"],
      ["a part", { start: 3, end: 6 }, "3456"],
      ["its end", { start: 9, end: 9 }, "9"],
      ["what there is of a part that leads past its end", { start: 8, end: 99 }, "89"],
      ["nothing past its end", { start: 10, end: 19 }, ""],
    ])("reads a file: %s", async (_, range, text) => {
      await using world = await open();
      await world.put("a.wav", audio);
      await using reading = await world.store.read("a.wav", range);
      expect(reading?.facts.bytes).toBe(10);
      expect(await textOf(world.store, "a.wav", range)).toBe(text);
    });

    test("reads long files whole and in parts, in pieces", async () => {
      await using world = await open();
      const long = Buffer.from(Array.from({ length: 2_500_000 }, (_, at) => at % 251));
      await world.put("long.wav", long);
      expect(await textOf(world.store, "long.wav")).toBe(long.toString("latin1"));
      const part = long.subarray(1_000_001, 2_400_001).toString("latin1");
      expect(await textOf(world.store, "long.wav", { start: 1_000_001, end: 2_400_000 })).toBe(part);
    });

    test("reads an empty file, and none where there is none", async () => {
      await using world = await open();
      await world.put("empty.wav", Buffer.alloc(0));
      expect(await textOf(world.store, "empty.wav")).toBe("");
      expect(await textOf(world.store, "empty.wav", { start: 0, end: 9 })).toBe("");
      expect(await world.store.read("none.wav")).toBeUndefined();
      expect(await world.store.read("empty.wav/none.wav")).toBeUndefined();
    });

    test("reads several files side by side, and lets one be left in the middle", async () => {
      await using world = await open();
      const names = ["a", "b", "c", "d"];
      for (const each of names) await world.put(`${each}.wav`, Buffer.alloc(1_500_000, each));
      const read = names.map(async (each) =>
        sha256Of(Buffer.from((await textOf(world.store, `${each}.wav`)) ?? "", "latin1")),
      );
      {
        await using left = await world.store.read("a.wav");
        for await (const chunk of left?.bytes ?? []) if (chunk.length > 0) break;
      }
      {
        await using _never = await world.store.read("b.wav");
      }
      expect(await Promise.all(read)).toEqual(names.map((each) => sha256Of(Buffer.alloc(1_500_000, each))));
    });

    test("has files of any name, and takes each for itself", async () => {
      await using world = await open();
      const names = ["a b+c%20&?#=.wav", "Grüße 🎧.wav", "it's (1)*!.wav", "~x@y:z,;$.wav"];
      for (const each of names) await world.put(`f/${each}`, Buffer.from(each));
      expect(await pathsIn(world.store)).toEqual(names.map((each) => `f/${each}`).sort());
      for (const each of names) {
        expect(await textOf(world.store, `f/${each}`)).toBe(Buffer.from(each).toString("latin1"));
        expect((await world.store.stat(`f/${each}`))?.bytes).toBe(Buffer.byteLength(each));
        expect(await world.store.remove(`f/${each}`)).toBe("removed");
      }
      await world.store.settle();
      expect(await pathsIn(world.store)).toEqual([]);
    });

    test("lists every finished file in pages, and nothing that callreel keeps for itself", async () => {
      await using world = await open();
      const paths = Array.from({ length: 1_100 }, (_, at) => `2024/${at % 3}/${String(at).padStart(4, "0")}.wav`);
      for (const path of paths) await world.put(path, audio);
      await world.put(".callreel/partial/x.part", audio);
      await world.put(".callreel/head", audio);
      expect(await pathsIn(world.store)).toEqual([...paths].sort());
      let pages = 0;
      for await (const page of world.store.list()) {
        pages += 1;
        for (const { bytes } of page) expect(bytes ?? 10).toBe(10);
      }
      expect(pages).toBeGreaterThan(1);
    });

    test("lists a folder alone, not one that begins alike", async () => {
      await using world = await open();
      for (const path of ["a/1.wav", "a/b/2.wav", "ab/3.wav", "a.wav"]) await world.put(path, audio);
      expect(await pathsIn(world.store, { under: "a" })).toEqual(["a/1.wav", "a/b/2.wav"]);
    });

    test("removes a file once, and only that", async () => {
      await using world = await open();
      for (const path of ["a/1.wav", "a/1.wav.wav", "a/2.wav"]) await world.put(path, audio);
      expect(await world.store.remove("a/1.wav")).toBe("removed");
      expect(await world.store.remove("a/1.wav")).toBe("absent");
      expect(await world.store.remove("b/none.wav")).toBe("absent");
      await world.store.settle();
      expect(await pathsIn(world.store)).toEqual(["a/1.wav.wav", "a/2.wav"]);
      expect(await world.store.stat("a/1.wav")).toBeUndefined();
    });

    test.each(["../a.wav", "a/../../b.wav", "/etc/passwd", "a//b.wav", "./a.wav", "", "a/"])(
      "never leads out of itself: %s",
      async (path) => {
        await using world = await open();
        await world.put("a.wav", audio);
        const refused = expect.objectContaining({ code: "unsafe-path" });
        await expect(world.store.stat(path)).rejects.toEqual(refused);
        await expect(world.store.read(path)).rejects.toEqual(refused);
        await expect(world.store.remove(path)).rejects.toEqual(refused);
        expect(await textOf(world.store, "a.wav")).toBe("0123456789");
      },
    );

    test("tells what was noted with a file, and who may not delete it yet", async () => {
      await using world = await open();
      if (world.putNoted !== undefined) {
        await world.putNoted("noted.wav", audio, "ringcentral/401");
        const noted = { key: "ringcentral/401", sha256: sha256Of(audio) };
        expect(await world.store.stat("noted.wav")).toMatchObject(noted);
        await using reading = await world.store.read("noted.wav");
        expect(reading?.facts).toMatchObject(noted);
      }
      if (world.putLocked !== undefined) {
        await world.putLocked("locked.wav", audio);
        expect((await world.store.stat("locked.wav"))?.lockedUntilMs).toBeGreaterThan(Date.now());
        expect(await world.store.remove("locked.wav")).toBe("locked");
        expect(await textOf(world.store, "locked.wav")).toBe("0123456789");
      }
    });
  });
}
