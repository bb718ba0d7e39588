import { expect, test } from "vitest";
import type { LedgerEntry } from "../../src/core/model/ledger.ts";
import type { Call } from "../../src/core/model/recording.ts";
import { openCallGroups } from "../../src/core/vcon/call-groups.ts";
import { channelsOf } from "../../src/core/vcon/channels.ts";
import { partiesOf } from "../../src/core/vcon/parties.ts";
import { vconOf } from "../../src/core/vcon/vcon.ts";

function entry(id: string, call: Call, more: Partial<LedgerEntry> = {}): LedgerEntry {
  const ref = { key: `ringcentral/${id}`, source: "ringcentral" as const, id, locator: {}, call };
  const stored = { path: `a/${id}.mp3`, bytes: 1, sha256: "0".repeat(64), contentType: "audio/mpeg" as const };
  return { ref, stored, state: "done", attempts: 0, firstSeenMs: 0, changedMs: 0, runId: "", ...more };
}
const startOf = ({ ref }: LedgerEntry) => Date.parse(ref.call.start ?? "");
const at = (hour: number, session?: string, account?: string): Call => ({
  start: new Date(Date.UTC(2026, 0, 1, hour)).toISOString(),
  ...(session !== undefined && { session }),
  ...(account !== undefined && { account }),
});
const ids = (groups: readonly (readonly LedgerEntry[])[]) =>
  groups.map((legs) => legs.map(({ ref }) => ref.id).join(" "));

test("legs are joined by their session, in the order in which they began; what has none is a call of its own", () => {
  const groups = openCallGroups(startOf);
  expect(
    ids(
      groups.add([entry("2", at(2, "s")), entry("3", at(3)), entry("1", at(1, "s")), entry("x", at(2, "s", "other"))]),
    ),
  ).toEqual(["3"]);
  expect(ids(groups.end())).toEqual(["1 2", "x"]);
  expect(groups.end()).toEqual([]);
});

test("a session that comes again days later is another call, and calls are given out as soon as they are whole", () => {
  const groups = openCallGroups(startOf);
  expect(ids(groups.add([entry("1", at(0, "s")), entry("2", at(40, "s")), entry("t", at(40, "t"))]))).toEqual(["1"]);
  expect(ids(groups.add([entry("3", at(200))]))).toEqual(["2", "t", "3"]);
  expect(groups.end()).toEqual([]);
});

test("each party stands once, by number or else by name; nobody is made up", () => {
  const legs: Call[] = [
    { from: "+44 (20) 7183-8750", to: "101", direction: "inbound", user: "Ann Lee" },
    { from: "101", to: "+442071838750", direction: "outbound", name: "Ann L." },
    { from: "Anonymous", to: "", direction: "inbound" },
    { from: "Anonymous", to: "202", direction: "internal", user: "Zoë" },
    {},
  ];
  expect(partiesOf(legs)).toEqual({
    parties: [
      { tel: "+442071838750" },
      { tel: "101", name: "Ann Lee", validation: "none" },
      { name: "Anonymous", validation: "none" },
      { name: "Zoë", validation: "none" },
      { tel: "202" },
    ],
    ofLegs: [[0, 1], [1, 0], [2], [3, 4], []],
  });
});

test("a vCon tells times without an empty fraction, leaves out what is not known, and names each transcript's leg", () => {
  const transcripts = ["a/2.vtt", "a/2.srt", "a/2.json", "a/2.txt", "odd", "a/2.mp3.insights.json"].map((path) => ({
    path,
    bytes: 1,
    sha256: "",
  }));
  const legs = [
    entry("1", at(1)),
    entry("2", { ...at(2), start: "2026-01-01T02:00:00.250Z", to: "101" }, { transcripts }),
  ];
  const settings = { uuid: "u", createdMs: 0, startOf, channels: [1, 1] };
  const { head, dialog, analysis } = vconOf(legs, settings);
  expect(head).toEqual({ vcon: "0.4.0", uuid: "u", created_at: "1970-01-01T00:00:00Z", parties: [{ tel: "101" }] });
  expect(dialog.map(({ fields }) => fields)).toEqual([
    {
      type: "recording",
      start: "2026-01-01T01:00:00Z",
      mediatype: "audio/mpeg",
      filename: "1.mp3",
      application: "RingCentral",
    },
    expect.objectContaining({ start: "2026-01-01T02:00:00.25Z", parties: [0] }),
  ]);
  expect(analysis.map(({ fields }) => [fields.dialog, fields.mediatype])).toEqual([
    [1, "text/vtt"],
    [1, "application/x-subrip"],
    [1, "application/json"],
    [1, "text/plain"],
    [1, "text/plain"],
    [1, "application/json"],
  ]);
  expect(analysis.map(({ fields }) => fields.vendor)).toEqual([...Array(5).fill("unknown"), "RingCentral"]);
  const referred = vconOf(legs, { ...settings, urlOf: (key) => `https://x/${key}` });
  expect(referred.dialog[0]?.content).toEqual({
    path: "a/1.mp3",
    mediatype: "audio/mpeg",
    url: "https://x/ringcentral/1",
  });
  const { stored: _, ...bare } = entry("3", at(1));
  expect(vconOf([bare], settings).dialog[0]?.content.path).toBe("");
});

test("of a recording in several channels each channel names both parties, for nobody knows whose it is", () => {
  const legs = [entry("1", { ...at(1), from: "1", to: "2" }), entry("2", at(2))];
  const { dialog } = vconOf(legs, { uuid: "u", createdMs: 0, startOf, channels: [2, 2] });
  const [first, second] = dialog.map(({ fields }) => fields.parties);
  expect([first, second]).toEqual([
    [
      [0, 1],
      [0, 1],
    ],
    undefined,
  ]);
  expect(vconOf(legs, { uuid: "u", createdMs: 0, startOf, channels: [] }).dialog[0]?.fields.parties).toEqual([0, 1]);
});

test("channels are told by the first bytes of WAV and MPEG audio, and by nothing else", () => {
  const wav = (channels: number, before = "") => {
    const head = Buffer.from(`RIFF....WAVE${before}fmt ................`, "latin1");
    head.writeUInt16LE(channels, head.length - 10);
    head.writeUInt32LE(16, head.length - 16);
    return head;
  };
  expect([wav(1), wav(2), wav(2, "LIST\x04\0\0\0abcd"), wav(0), wav(999)].map(channelsOf)).toEqual([1, 2, 2, 1, 1]);
  expect(channelsOf(Buffer.from("RIFF....WAVE"))).toBe(1);
  const mpeg = (mode: number) => Uint8Array.from([0xff, 0xfb, 0x90, mode]);
  const tagged = Buffer.concat([Buffer.from("ID3\x04\0\0\0\0\0\x02ab", "latin1"), mpeg(0x40)]);
  expect([mpeg(0xc0), mpeg(0x00), tagged, Buffer.from("OggS"), Buffer.alloc(0)].map(channelsOf)).toEqual([
    1, 2, 2, 1, 1,
  ]);
});

test.each([
  [0, "1970-01-01T00:00:00Z"],
  [20, "1970-01-01T00:00:00.02Z"],
  [340, "1970-01-01T00:00:00.34Z"],
  [1_005, "1970-01-01T00:00:01.005Z"],
  [36_000_000, "1970-01-01T10:00:00Z"],
])("writes a date of %i ms without zeros at the end of its fraction", (createdMs, written) => {
  expect(vconOf([], { uuid: "u", createdMs, startOf: () => 0, channels: [] }).head.created_at).toBe(written);
});
