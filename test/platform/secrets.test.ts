import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { resolveSettings } from "../../src/cli/config.ts";
import { readSecretFile, withoutQuotes } from "../../src/platform/secrets.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "callreel-secret-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const read = (content: string | Uint8Array) => {
  const file = join(folder, "secret");
  writeFileSync(file, content);
  return readSecretFile(file, "--jwt-file");
};
const utf16be = (text: string) => Buffer.from(text, "utf16le").swap16();

describe("a secret is read", () => {
  it.each<[string, string | Uint8Array, string]>([
    ["plain", "s3cr3t", "s3cr3t"],
    ["with a line end of Windows", "s3cr3t\r\n", "s3cr3t"],
    ["with blank lines around", "\n\n s3cr3t \r\n\r\n", "s3cr3t"],
    ["with a BOM", "\ufeffs3cr3t\r\n", "s3cr3t"],
    ["as PowerShell 5.1 writes it", Buffer.from("\ufeffs3cr3t\r\n", "utf16le"), "s3cr3t"],
    ["as UTF-16 without a mark", Buffer.from("s3cr3t\r\n", "utf16le"), "s3cr3t"],
    ["as big-endian UTF-16", utf16be("\ufeffs3cr3t\r\n"), "s3cr3t"],
    ["as big-endian UTF-16 without a mark", utf16be("s3cr3t"), "s3cr3t"],
    ["as UTF-16 with letters beyond ASCII", Buffer.from("\ufeffpäss€", "utf16le"), "päss€"],
    ["as UTF-8 with letters beyond ASCII", "päss€", "päss€"],
    ["as windows-1252", Buffer.from("p\xe4ss", "latin1"), "päss"],
    ["in quotes", '"s3cr3t"\n', "s3cr3t"],
    ["in single quotes", "'s3cr3t'", "s3cr3t"],
    ["as NAME=value", "RC_USER_JWT=aaa.bbb.ccc\n", "aaa.bbb.ccc"],
    ["as NAME=value of a shell", "export TIM_PASSWORD = 'pa ss'\n", "pa ss"],
    ["as secret=value", "SECRET=s3cr3t", "s3cr3t"],
    ["folded, as a JWT", "aaa.b\r\nbb.cc\nc\n", "aaa.bbb.ccc"],
    ["folded and named, as a JWT", 'JWT="aaa.b\nbb.ccc"\n', "aaa.bbb.ccc"],
    ["with an equals sign of its own", "abc=def==", "abc=def=="],
    ["with a quote of its own", `"a"b"`, `"a"b"`],
    ["with blanks inside", "two words", "two words"],
  ])("%s", (_, content, secret) => expect(read(content)).toBe(secret));
});

describe("a file is refused in a sentence", () => {
  it.each<[string, string | Uint8Array, RegExp]>([
    ["that is empty", "", /--jwt-file: .* is empty/],
    ["of blank lines", "\r\n \n", /is empty/],
    ["of a mark alone", "\ufeff", /is empty/],
    ["of quotes alone", '""', /is empty/],
    ["of several lines", "user\npassword\n", /holds 2 lines/],
    ["of several variables", "RC_APP_CLIENT_ID=a\nRC_USER_JWT=a.b.c\n", /holds 2 lines/],
    ["of bytes", Uint8Array.of(1, 2, 3, 65), /control characters/],
    ["of a megabyte", "x".repeat(1 << 20), /too large/],
  ])("%s", (_, content, message) => {
    expect(() => read(content)).toThrow(
      expect.objectContaining({ code: "usage", message: expect.stringMatching(message) }),
    );
  });

  it("that is not there, or a folder", () => {
    expect(() => readSecretFile(join(folder, "none"), "--jwt-file")).toThrow(/cannot be read \(ENOENT\)/);
    expect(() => readSecretFile(folder, "--jwt-file")).toThrow(/cannot be read \(EISDIR\)/);
  });
});

it("takes values of the environment without what a file of variables left around them", async () => {
  const env = {
    HOME: folder,
    RC_SERVER_URL: '"https://rc.example/"\r',
    RC_APP_CLIENT_ID: " cid\r",
    RC_USER_JWT: "'a.b.c'",
    CALLREEL_EXEC: '"/opt/my program" ',
  };
  const { settings } = await resolveSettings({}, env);
  expect(settings).toMatchObject({
    server: "https://rc.example",
    clientId: "cid",
    jwt: "a.b.c",
    exec: '"/opt/my program"',
  });
  expect(withoutQuotes('"a')).toBe('"a');
});
