import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openListing } from "../../src/destinations/disk/directory-listing.ts";
import { openTempFolder } from "../helpers/temp-folder.ts";

test("tells the files of a folder whose names this user may not read, but whose files it may open", () => {
  using folder = openTempFolder();
  const closed = join(folder.path, "closed");
  mkdirSync(join(closed, "folder"), { recursive: true });
  writeFileSync(join(closed, "call.info.json"), "{}");
  // To root nothing is closed: the test looks at it as somebody else.
  const root = process.getuid?.() === 0;
  chmodSync(folder.path, 0o755);
  chmodSync(closed, root ? 0o711 : 0o311);
  if (root) process.seteuid?.(65534);
  try {
    const { has } = openListing(folder.path);
    const found = ["call.info.json", "other.info.json", "folder"].map((name) => has(`closed/${name}`));
    expect(found).toEqual([true, false, false]);
  } finally {
    if (root) process.seteuid?.(0);
    chmodSync(closed, 0o755);
  }
});
