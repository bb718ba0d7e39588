import { createHash } from "node:crypto";
import { appendFileSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv } from "ajv";
import { afterEach, beforeEach, expect, test } from "vitest";
import { besideFiles, noteTranscripts } from "../../src/maintenance/transcripts.ts";
import { runHere } from "../helpers/run-here.ts";
import { vconSchema } from "../helpers/vcon-schema.ts";
import { keepOffice } from "../player/listened-archive.ts";
import { openPlayedArchive, type PlayedArchive } from "../player/played-archive.ts";

let played: PlayedArchive;
let out: string;

beforeEach(async () => {
  played = await openPlayedArchive();
  await keepOffice(played);
  out = `${played.root}-vcons`;
});
afterEach(async () => {
  rmSync(out, { recursive: true, force: true });
  await played[Symbol.asyncDispose]();
});

interface Content {
  readonly [field: string]: unknown;
  readonly content_hash: string;
  readonly body?: string;
}
interface Vcon {
  readonly uuid: string;
  readonly parties: readonly object[];
  readonly dialog: readonly Content[];
  readonly analysis?: readonly Content[];
}

const ajv = new Ajv({ strict: true, strictRequired: false });
const isVcon = ajv.compile(vconSchema);

function vcons(): Vcon[] {
  const all = readdirSync(out).map((name) => JSON.parse(readFileSync(join(out, name), "utf8")) as Vcon);
  for (const one of all) if (!isVcon(one)) throw new Error(ajv.errorsText(isVcon.errors));
  return all;
}

function exported(...args: string[]) {
  return runHere(["export", "-d", played.root, "--timezone", "Europe/London", "--vcon", out, ...args]);
}

function sha512(bytes: Uint8Array): string {
  return `sha512-${createHash("sha512").update(bytes).digest("base64url")}`;
}

test("a vCon for each call, its legs as dialogs with their audio and hash; what has no start is told, and 3", async () => {
  const { code, err } = await exported();
  expect([code, err]).toEqual([
    3,
    expect.stringMatching(/1 recording left out: the start of the call is unknown[\s\S]*9 recordings/),
  ]);
  const all = vcons();
  expect(all.map(({ dialog }) => dialog.length).sort()).toEqual([1, 1, 1, 1, 1, 1, 3]);
  for (const { dialog } of all)
    for (const { body = "", content_hash } of dialog) expect(sha512(Buffer.from(body, "base64url"))).toBe(content_hash);
  const joined = all.find(({ dialog }) => dialog.length === 3) as Vcon;
  expect(joined.dialog.map(({ start, parties }) => [start, parties])).toEqual([
    ["2026-11-28T16:20:05Z", [0, 1]],
    ["2026-11-28T16:22:40Z", [1, 2]],
    ["2026-11-28T16:23:30Z", [0, 2]],
  ]);
  expect(joined.parties).toEqual([
    { tel: "+442079462084" },
    { tel: "0300", name: "Łukasz Sørensen", validation: "none" },
    { tel: "0206", name: "Ann Lee", validation: "none" },
  ]);
  const local = all.find(({ dialog }) => dialog[0]?.filename === "NCS0007.wav");
  expect(local?.dialog[0]).toMatchObject({ start: "2026-11-29T09:05:00Z", duration: 30, mediatype: "audio/wav" });
});

test("transcripts are its analyses as they stand; the same call has the same UUID again", async () => {
  const texts = {
    ".vtt": 'WEBVTT\n\n00:01.000 --> 00:02.000\n"hello" \u2028 there\n',
    ".json": '{"text":"hello"}',
    ".srt": "\xff\xfe",
  };
  for (const [extension, text] of Object.entries(texts))
    writeFileSync(join(played.root, `ringcentral/4101${extension}`), text, extension === ".srt" ? "latin1" : "utf8");
  const entry = await played.ledger.entry("ringcentral/4101");
  await noteTranscripts(besideFiles(played.root), entry as NonNullable<typeof entry>, played.ledger);
  expect((await exported("4101")).code).toBe(0);
  const [first] = vcons() as [Vcon];
  expect(first.analysis).toMatchObject([
    { type: "transcript", dialog: 0, mediatype: "text/vtt", encoding: "none", body: texts[".vtt"] },
    { mediatype: "application/x-subrip", encoding: "base64url", body: "__4" },
    {
      mediatype: "application/json",
      encoding: "json",
      body: texts[".json"],
      content_hash: sha512(Buffer.from(texts[".json"])),
    },
  ]);
  rmSync(out, { recursive: true });
  expect((await exported("4101")).code).toBe(0);
  expect(vcons()[0]?.uuid).toBe(first.uuid);
  expect(first.uuid).toMatch(/^[\da-f]{8}-[\da-f]{4}-8[\da-f]{3}-[89ab]/);
});

test("with --player-url recordings are referred to by their permanent https address, and by nothing else", async () => {
  const plain = await exported("4101", "--player-url", "http://calls.example.com");
  expect([plain.code, plain.err]).toEqual([2, expect.stringContaining("is not https")]);
  expect((await exported("4101", "--player-url", "https://calls.example.com")).code).toBe(0);
  const [content] = (vcons() as [Vcon])[0].dialog as [Content];
  const audio = readFileSync(join(played.root, "ringcentral/4101.wav"));
  expect(content).toMatchObject({ url: "https://calls.example.com/r/ringcentral/4101", content_hash: sha512(audio) });
  expect(content.body).toBeUndefined();
});

test("nothing is written where nothing fits, nothing has a start, or a file is not as it came", async () => {
  expect((await exported("--number", "99999999")).code).toBe(3);
  const undated = await exported("/r/tim/3/4/NCS0001");
  expect([undated.code, undated.err]).toEqual([3, expect.stringContaining("nothing was written")]);
  expect((await exported("--plain", `${out}-2`)).code).toBe(2);
  expect((await exported("--link")).code).toBe(2);
  appendFileSync(join(played.root, "ringcentral/4103.wav"), "x");
  rmSync(join(played.root, "ringcentral/4102.wav"));
  const damaged = await exported();
  expect([damaged.code, damaged.out]).toEqual([
    6,
    expect.stringMatching(/^missing: \S+4102.wav: .*\nchanged: \S+4103.wav: /),
  ]);
  expect(existsSync(out)).toBe(false);
});
