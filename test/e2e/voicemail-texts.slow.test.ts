import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { extensionIdOf } from "../../src/sandbox/ringcentral/account/extensions.ts";
import { attachmentsOf } from "../../src/sandbox/ringcentral/voicemail/store.ts";
import { runHere } from "../helpers/run-here.ts";
import { eventsOf, finishedIn } from "./tim-world.ts";
import { keyOf, openVoicemailWorld } from "./voicemail-world.ts";

const voicemail = ["-s", "ringcentral", "--kinds", "voicemail"];
const month = [...voicemail, "--from", "30d"];

it("a voicemail's text stands beside its audio: found by its words, verified, exported, and purged with it", async () => {
  await using world = await openVoicemailWorld({ voicemails: 3 });
  const { rc, callreel, archive, home } = world;
  const first = await callreel("download", ...month, "--json");
  expect([first.code, first.out]).toEqual([0, expect.stringContaining("3 texts of voicemail are beside the audio.")]);
  const { text } = rc.voicemail.all().find(({ text }) => text.includes("invoice"))!;
  const found = await callreel("list", "--archive", "--text", "about the invoice", "--json");
  const [line] = found.out
    .trim()
    .split("\n")
    .map((each) => JSON.parse(each));
  expect(line.transcripts).toMatchObject([{ path: `${line.path}.txt` }]);
  expect(readFileSync(join(archive, `${line.path}.txt`), "utf8")).toBe(text);
  expect((await callreel("verify")).code).toBe(0);
  expect((await callreel("export", line.key, "--plain", join(home, "out"))).code).toBe(0);
  expect(readFileSync(join(home, "out", `${line.path}.txt`), "utf8")).toBe(text);
  const before = rc.stats().groups.medium;
  expect((await callreel("download", ...month)).code).toBe(0);
  // The list of extensions alone.
  expect(rc.stats().groups.medium).toBe(before + 1);
  expect((await callreel("purge", line.key, "--yes")).code).toBe(0);
  expect(finishedIn(archive).filter((path) => path.includes(line.id))).toEqual([]);
});

it("one that is still being written comes with a later run; one that cannot be had is no success", async () => {
  await using world = await openVoicemailWorld({ voicemails: 3 });
  const { rc, callreel } = world;
  const [writing, lost] = rc.voicemail.all();
  rc.voicemail.change(writing!.id, { transcription: "InProgress" });
  rc.settings.voicemail.missing = { ids: [String(attachmentsOf(lost!).text)] };
  const since = [...voicemail, "--since", "last"];
  const first = await callreel("download", ...since, "--json");
  expect(first.out).toContain("1 voicemail has its text still being written at RingCentral");
  expect([first.code, eventsOf(first.out).at(-1)]).toEqual([
    3,
    expect.objectContaining({ done: 3, incomplete: ["gone"] }),
  ]);
  rc.settings.voicemail.missing = "none";
  const second = await callreel("download", ...since, "--json");
  expect([second.code, second.out]).toEqual([0, expect.stringContaining("1 text of voicemail is beside the audio.")]);
  expect((await callreel("download", ...since)).code).toBe(0);
  rc.voicemail.change(writing!.id, { transcription: "CompletedPartially", text: "something unintelligible" });
  const third = await callreel("download", ...since, "--json");
  expect([third.code, third.out]).toEqual([0, expect.stringContaining("1 text of voicemail is beside the audio.")]);
  expect((await callreel("list", "--archive", "--text", "unintelligible", "--json")).out).toContain(keyOf(writing!));
});

it("never replaces what stands in the text's place", async () => {
  await using world = await openVoicemailWorld({ voicemails: 1 });
  const { rc, callreel, archive } = world;
  const [message] = rc.voicemail.all();
  rc.voicemail.change(message!.id, { transcription: "InProgress" });
  expect((await callreel("download", ...month)).code).toBe(0);
  const [audio = ""] = finishedIn(archive).filter((path) => path.endsWith(".mp3"));
  writeFileSync(`${audio}.txt`, "by hand");
  rc.voicemail.change(message!.id, { transcription: "Completed" });
  expect((await callreel("download", ...month)).code).toBe(0);
  expect(readFileSync(`${audio}.txt`, "utf8")).toBe("by hand");
  expect((await callreel("verify")).code).toBe(0);
});

it("--since last asks for changes, holds them against a listing once a day, and lists where a token is refused", async () => {
  await using world = await openVoicemailWorld({ voicemails: 3 });
  const { rc, archive, env } = world;
  let aheadMs = 0;
  const callreel = (...args: string[]) => runHere([...args, "-d", archive], { env, aheadMs });
  const since = [...voicemail, "--since", "last"];
  const requests = (route: string) =>
    rc.events.all().filter((event) => event.kind === "request" && "route" in event && event.route === route).length;
  expect((await callreel("download", ...since)).code).toBe(0);
  expect([requests("message-store"), requests("message-sync")]).toEqual([4, 4]);
  const next = rc.voicemail.add({ extension: 1, createdMs: rc.clock.now() - 60_000, changedMs: rc.clock.now() });
  expect((await callreel("download", ...since)).code).toBe(0);
  expect(world.heldVoicemail()).toContain(keyOf(next));
  expect([requests("message-store"), requests("message-sync")]).toEqual([4, 8]);

  const unsaid = rc.voicemail.add({ extension: 2, createdMs: rc.clock.now() - 60_000, changedMs: rc.clock.now() });
  rc.settings.voicemail.unsynced = [unsaid.id];
  expect((await callreel("download", ...since)).code).toBe(0);
  expect(world.heldVoicemail()).not.toContain(keyOf(unsaid));
  // A day passes at both.
  aheadMs = 86_400_000;
  rc.clock.advance(aheadMs);
  const daily = await callreel("download", ...since, "--json");
  expect([daily.code, daily.out]).toEqual([
    0,
    expect.stringContaining("RingCentral's sync left out 1 voicemail of extension 103"),
  ]);
  expect(world.heldVoicemail()).toContain(keyOf(unsaid));

  rc.settings.sync.expireTokens = true;
  const listed = rc.voicemail.add({ extension: 0, createdMs: rc.clock.now() - 60_000 });
  expect((await callreel("download", ...since)).code).toBe(0);
  expect(world.heldVoicemail()).toContain(keyOf(listed));
});

it("a run that missed a mailbox asks for the same changes again; one that missed audio asks for it again", async () => {
  await using world = await openVoicemailWorld({ voicemails: 3 });
  const { rc, callreel } = world;
  const since = [...voicemail, "--since", "last", "-R", "0"];
  expect((await callreel("download", ...since)).code).toBe(0);
  const [one, two] = [0, 1].map((extension) =>
    rc.voicemail.add({ extension, createdMs: rc.clock.now() - 60_000, changedMs: rc.clock.now() }),
  );
  rc.settings.faults = [
    { route: "message-sync", ids: [extensionIdOf(0)], kind: "status", status: 503 },
    { route: "message-content", ids: [String(attachmentsOf(two!).audio)], kind: "short", bytes: 500 },
  ];
  const missed = await callreel("download", ...since, "--json");
  expect([missed.code, eventsOf(missed.out).at(-1)]).toEqual([
    3,
    expect.objectContaining({ failed: 1, incomplete: ["server-error"] }),
  ]);
  rc.settings.faults = [];
  expect((await callreel("download", ...since)).code).toBe(0);
  expect(world.heldVoicemail()).toEqual(expect.arrayContaining([keyOf(one!), keyOf(two!)]));
});
