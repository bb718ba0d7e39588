import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { bagInfoOf, payloadFolder, writeBag } from "../../src/maintenance/bagit-export.ts";
import { fromFolder, openExportFolder, refuseFilled } from "../../src/maintenance/export-folder.ts";
import { openTempFolder } from "../helpers/temp-folder.ts";

const names = ["plain.wav", "100%.wav", "line\nbreak.wav", "carriage\rreturn.wav", "folder/ümlaut.wav"];

// Another file system, so that no hard link is possible there.
test.each(
  ["/tmp", ...(existsSync("/dev/shm") ? ["/dev/shm"] : [])].flatMap(
    (parent) =>
      [
        [parent, false],
        [parent, true],
      ] as const,
  ),
)(
  "a bag of files in %s (by link: %s) holds each byte and writes line breaks and percent signs as RFC 8493 asks",
  async (parent, byLink) => {
    using root = openTempFolder(parent);
    using home = openTempFolder();
    mkdirSync(join(root.path, "folder"));
    for (const name of names) writeFileSync(join(root.path, name), name);
    const bag = openExportFolder(fromFolder(root.path, byLink), join(home.path, "bag"), payloadFolder);
    for (const name of names)
      expect(await bag.add(name)).toEqual({ bytes: Buffer.byteLength(name), sha256: sum(name) });
    expect(await bag.add("lost.wav")).toBeUndefined();
    expect(existsSync(join(home.path, "bag"))).toBe(false);
    await writeBag(bag, { "notes.txt": "a note" }, [["Contact-Name", "Ann\nBagging-Date: never"]]);
    await bag.finish();

    const read = (name: string) => readFileSync(join(home.path, "bag", name), "utf8");
    const encoded = ["plain.wav", "100%25.wav", "line%0Abreak.wav", "carriage%0Dreturn.wav", "folder/ümlaut.wav"];
    expect(read("manifest-sha256.txt")).toBe(
      encoded.map((name, at) => `${sum(String(names[at]))}  data/${name}\n`).join(""),
    );
    for (const name of names) expect(read(`data/${name}`)).toBe(name);
    const bytes = names.reduce((total, name) => total + Buffer.byteLength(name), 0);
    expect(read("bag-info.txt")).toBe(`Contact-Name: Ann Bagging-Date: never\nPayload-Oxum: ${bytes}.5\n`);
    expect(read("tagmanifest-sha256.txt")).toContain(`${sum("a note")}  notes.txt\n`);
    const linked = statSync(join(home.path, "bag/data/plain.wav")).nlink;
    expect(linked).toBe(byLink && statSync(root.path).dev === statSync(home.path).dev ? 2 : 1);
  },
);

test("a bag that is given up leaves nothing, and an empty folder may become one", async () => {
  using home = openTempFolder();
  writeFileSync(join(home.path, "a.wav"), "a");
  const folder = join(home.path, "bag");
  mkdirSync(folder);
  mkdirSync(`${folder}.part`);
  writeFileSync(`${folder}.part/a`, "somebody's own");
  const given = openExportFolder(fromFolder(home.path), folder, payloadFolder);
  await given.add("a.wav");
  given.discard();
  expect(readdirSync(home.path)).toEqual(["a.wav", "bag", "bag.part"]);
  expect(readdirSync(`${folder}.part`)).toEqual(["a"]);
  const kept = openExportFolder(fromFolder(home.path), folder, payloadFolder);
  await writeBag(kept, {}, []);
  await kept.finish();
  expect(existsSync(join(folder, "bagit.txt"))).toBe(true);
  expect(() => refuseFilled(folder, "--bagit")).toThrow(expect.objectContaining({ code: "usage" }));
});

test("what somebody puts into the bag's folder meanwhile is not deleted", async () => {
  using home = openTempFolder();
  const folder = join(home.path, "bag");
  const bag = openExportFolder(fromFolder(home.path), folder, payloadFolder);
  mkdirSync(folder);
  writeFileSync(join(folder, "own"), "x");
  await expect(bag.finish()).rejects.toThrow("ENOTEMPTY");
  bag.discard();
  expect(readdirSync(folder)).toEqual(["own"]);
});

function sum(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

test.each([
  ["a colon", "A:b", "x"],
  ["a line break", "Contact-Name", "Ann\nBag-Size: 1"],
  ["what callreel writes itself", "PAYLOAD-OXUM", "1.1"],
  ["a count that is none", "Bag-Count", "two"],
])("a line for bag-info.txt with %s is refused", (_, name, value) => {
  expect(() => bagInfoOf([{ name, value }])).toThrow(expect.objectContaining({ code: "usage" }));
});

test("lines for bag-info.txt may be repeated, but for those that RFC 8493 wants once", () => {
  const contact = { name: "Contact-Name", value: "Ann" };
  expect(bagInfoOf([contact, contact, { name: "Bag-Count", value: "2 of ?" }])).toHaveLength(3);
  const size = { name: "Bag-Size", value: "1 GB" };
  expect(() => bagInfoOf([size, { ...size, name: "bag-size" }])).toThrow("once only");
});
