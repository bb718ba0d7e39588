import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { makeFolders } from "../../src/platform/make-folders.ts";
import { run } from "../helpers/bin.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "callreel-folders-"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

describe("folders", () => {
  it("are made with all that is missing above them, for this user alone, and again without a word", () => {
    makeFolders(join(root, "a", "b", "c"));
    makeFolders(join(root, "a", "b", "c"));
    expect(statSync(join(root, "a")).mode & 0o777).toBe(0o700);
    expect(statSync(join(root, "a", "b", "c")).isDirectory()).toBe(true);
  });

  it("are made behind a link, and where others stand as they are", () => {
    mkdirSync(join(root, "real"), { mode: 0o755 });
    symlinkSync(join(root, "real"), join(root, "link"));
    makeFolders(join(root, "link", "x"));
    expect(existsSync(join(root, "real", "x"))).toBe(true);
    expect(statSync(join(root, "real")).mode & 0o777).toBe(0o755);
  });

  it("are not made where a file, or a link to nothing, is in the way", () => {
    writeFileSync(join(root, "file"), "");
    symlinkSync(join(root, "nowhere"), join(root, "dangling"));
    expect(() => makeFolders(join(root, "file"))).toThrow(/EEXIST/);
    expect(() => makeFolders(join(root, "file", "x"))).toThrow(/ENOTDIR|EEXIST/);
    expect(() => makeFolders(join(root, "dangling"))).toThrow(/EEXIST/);
  });

  it.runIf(existsSync("/proc/self"))("end with an error where the system takes none", async () => {
    expect(() => makeFolders("/proc/callreel/x")).toThrow(/ENOENT/);
    const login = { TIM_URL: "http://127.0.0.1:9", TIM_USERNAME: "u", TIM_PASSWORD: "p" };
    const row = "datasource,voicelocation,voicefilename\n1,1,a.wav\n";
    const asked = ["download", "-s", "tim", "--rows", "-", "-d", "/proc/callreel"];
    const { code, err } = await run(asked, { env: login, input: row });
    expect([code, err]).toEqual([13, expect.stringContaining("/proc/callreel")]);
  });
});
