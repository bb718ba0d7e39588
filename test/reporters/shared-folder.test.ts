import { lstatSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openRedactor } from "../../src/core/redact.ts";
import { openErrorFile } from "../../src/reporters/error-file.ts";
import { openLog } from "../../src/reporters/log.ts";
import { openTempFolder } from "../helpers/temp-folder.ts";

test("a link that a stranger left where an error file is made is not written through", async () => {
  using folder = openTempFolder();
  const [path, victim] = [join(folder.path, "errors.ndjson"), join(folder.path, "victim")];
  writeFileSync(victim, "precious");
  symlinkSync(victim, `${path}.part`);
  await openErrorFile(path).close();
  expect(readFileSync(victim, "utf8")).toBe("precious");
  expect(lstatSync(path).isFile()).toBe(true);
  expect(readdirSync(folder.path).sort()).toEqual(["errors.ndjson", "errors.ndjson.part", "victim"]);
});

test("a link in the place of an error file is replaced, not followed", async () => {
  using folder = openTempFolder();
  const [path, victim] = [join(folder.path, "errors.ndjson"), join(folder.path, "victim")];
  writeFileSync(victim, "precious");
  symlinkSync(victim, path);
  await openErrorFile(path).close();
  expect(lstatSync(path).isFile()).toBe(true);
  expect(readFileSync(victim, "utf8")).toBe("precious");
});

test.each([true, false])("a log file is not written through a link to a file (there: %s)", (there) => {
  using folder = openTempFolder();
  const [path, victim] = [join(folder.path, "log"), join(folder.path, "victim")];
  if (there) writeFileSync(victim, "precious");
  symlinkSync(victim, path);
  expect(() =>
    openLog({
      level: "info",
      format: "text",
      file: path,
      clock: Date,
      redact: openRedactor(),
      trouble: process.stderr,
    }),
  ).toThrow(/ELOOP/);
  expect(readdirSync(folder.path).length).toBe(there ? 2 : 1);
});
