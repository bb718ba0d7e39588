import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { extensionIdOf } from "../../src/sandbox/ringcentral/account/extensions.ts";
import { runHere } from "../helpers/run-here.ts";
import { eventsOf } from "./tim-world.ts";
import { keyOf, openVoicemailWorld } from "./voicemail-world.ts";

const from = ["-s", "ringcentral", "--from", "30d"];
const both = [...from, "--kinds", "calls,voicemail"];

describe("voicemail", () => {
  it("comes with the calls from all mailboxes, byte for byte, proves itself, and goes with a purge", async () => {
    await using world = await openVoicemailWorld();
    const { rc, callreel } = world;
    expect((await callreel("download", ...from)).code).toBe(0);
    expect(world.heldVoicemail()).toEqual([]);
    const first = await callreel("download", ...both, "--json");
    expect([first.code, first.err]).toEqual([0, expect.stringMatching(/Done in .*6 recordings .*2 skipped/)]);
    expect(world.heldVoicemail()).toEqual(world.keys());
    expect(rc.stats()).toMatchObject({ penalties: 0, violations: 0, tokensInUrls: 0, tokenRequests: 1 });
    const asked = rc.stats().groups;
    // Audio, texts, and the list of extensions, for names of calls and for mailboxes.
    expect(asked.medium).toBe(2 * world.keys().length + 2);
    const again = await callreel("download", ...both, "--json");
    expect([again.code, eventsOf(again.out).at(-1)]).toEqual([0, expect.objectContaining({ done: 0, skipped: 8 })]);
    expect((await callreel("verify")).code).toBe(0);
    expect((await callreel("reconcile", ...both)).code).toBe(0);
    // Only calls were asked for: voicemail is nothing extra.
    expect((await callreel("reconcile", ...from)).code).toBe(0);
    const [key = ""] = world.keys();
    expect((await callreel("purge", key, "--yes")).code).toBe(0);
    expect(world.heldVoicemail()).toEqual(world.keys().slice(1));
    expect((await callreel("download", ...both)).code).toBe(0);
    expect(world.heldVoicemail()).toEqual(world.keys().slice(1));
  });

  it("is rows for download, and one is named by key", async () => {
    await using world = await openVoicemailWorld({ voicemails: 3 });
    const { callreel } = world;
    const listed = await callreel("list", ...from, "--kinds", "voicemail", "--json");
    expect(
      listed.out
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line).key)
        .sort(),
    ).toEqual(world.keys());
    const [, , own = ""] = world.keys();
    expect((await callreel("download", ...from, "--kinds", "voicemail", "--max-downloads", "1")).code).toBe(8);
    const [held = ""] = world.heldVoicemail();
    expect((await callreel("download", held, "--force-overwrites")).code).toBe(0);
    expect((await callreel("download", own, "-s", "ringcentral")).code).toBe(own === held ? 0 : 4);
    const usage = await callreel("download", ...from, "--kinds", "calls,fax");
    expect([usage.code, usage.err]).toEqual([2, expect.stringContaining('"fax" is not one of calls, voicemail')]);
    for (const given of [[held], ["--rows", "calls.csv"]]) {
      const ignored = await callreel("download", ...given, "--kinds", "voicemail");
      expect([ignored.code, ignored.err]).toEqual([2, expect.stringContaining("leave it out with ids")]);
    }
  });

  it("is known again from its files alone", async () => {
    await using world = await openVoicemailWorld({ voicemails: 2 });
    const { callreel, archive, home, env } = world;
    expect((await callreel("download", ...from, "--kinds", "voicemail")).code).toBe(0);
    const template = "{source}/{year}/{month}/{day}/{date}_{time}_{direction}_{from}_{to}_{id}.{ext}";
    const other = join(home, "other");
    rmSync(join(archive, ".callreel"), { recursive: true });
    cpSync(archive, other, { recursive: true });
    expect((await runHere(["adopt", other, "-d", other, "--match", template], { env })).code).toBe(0);
    const { out } = await runHere(["list", "--archive", "--json", "-d", other], { env });
    const found = out
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(found.map(({ key }) => key).sort()).toEqual(world.keys());
    expect(found.every(({ transcripts }) => transcripts.length === 1)).toBe(true);
  });

  it("a mailbox that may not be read is told and ends with 7, and everything else comes", async () => {
    const forbidden = extensionIdOf(1);
    await using world = await openVoicemailWorld({
      settings: { voicemail: { forbiddenMailboxes: { ids: [forbidden] } } },
    });
    const { rc, callreel } = world;
    const { code, out } = await callreel("download", ...both, "--json");
    const others = rc.voicemail.all().filter(({ extension }) => extension !== 1);
    expect(world.heldVoicemail()).toEqual(others.map(keyOf).sort());
    expect(world.heldCalls().length).toBe(2);
    const events = eventsOf(out);
    expect([code, events.at(-1)]).toEqual([
      7,
      expect.objectContaining({ done: 6, incomplete: ["permission-refused"] }),
    ]);
    expect(events.find(({ event }) => event === "incomplete")).toMatchObject({
      what: "Voicemail of extension 102 (Ben Agent)",
    });
    const plain = await callreel("download", ...both);
    expect([plain.code, plain.err]).toEqual([7, expect.stringContaining("extension 102 (Ben Agent)")]);
    expect((await callreel("list", ...both)).code).toBe(7);
    expect((await callreel("download", ...both, "-n")).code).toBe(7);
    expect((await callreel("reconcile", ...both)).code).toBe(7);
    expect((await callreel("download", ...both, "--extension", "101")).code).toBe(0);
  });

  it("an extension that is deleted meanwhile is told; an app without ReadMessages is refused before anything is fetched", async () => {
    await using world = await openVoicemailWorld({
      settings: { voicemail: { deletedMailboxes: { ids: [extensionIdOf(2)] } } },
    });
    const { rc, callreel } = world;
    const deleted = await callreel("download", ...both);
    expect([deleted.code, deleted.err]).toEqual([
      0,
      expect.stringContaining("extension 103 (Chiara Rossi): the extension was deleted"),
    ]);
    rc.settings.app.scopes = ["ReadAccounts", "ReadCallLog", "ReadCallRecording"];
    rc.sessions.closeAll();
    const refused = await callreel("download", ...both);
    expect([refused.code, refused.err]).toEqual([7, expect.stringMatching(/Add ReadMessages to the app/)]);
    expect((await callreel("download", ...from)).code).toBe(0);
  });

  it("a mailbox whose list fails is no empty one: 5, and calls come all the same", async () => {
    await using world = await openVoicemailWorld();
    const { rc, callreel } = world;
    rc.settings.faults = [{ route: "message-store", ids: [extensionIdOf(1)], kind: "html" }];
    const { code, err } = await callreel("download", ...both, "-R", "0");
    expect([code, err]).toEqual([5, expect.stringContaining("Voicemail of extension 102")]);
    expect(world.heldCalls().length).toBe(2);
    rc.settings.faults = [];
    expect((await callreel("download", ...both)).code).toBe(0);
    expect(world.heldVoicemail()).toEqual(world.keys());
  });

  it("deleted messages come, purged ones and those without audio are told, and a lost attachment is no success", async () => {
    await using world = await openVoicemailWorld();
    const { rc, callreel } = world;
    const [deleted, purged, silent, lost] = rc.voicemail.all();
    rc.voicemail.change(deleted!.id, { availability: "Deleted" });
    rc.voicemail.change(purged!.id, { availability: "Purged" });
    rc.voicemail.change(silent!.id, { audio: false });
    rc.settings.voicemail.missing = { ids: [keyOf(lost!).split("/").at(-1)!] };
    const { code, out } = await callreel("download", ...both, "--json");
    const without = [purged, silent, lost].map((message) => keyOf(message!));
    expect(world.heldVoicemail()).toEqual(world.keys().filter((key) => !without.includes(key)));
    const ended = eventsOf(out).at(-1);
    expect([code, ended]).toEqual([3, expect.objectContaining({ failed: 1, reasons: { "no-recording": 2, gone: 1 } })]);
  });
});
