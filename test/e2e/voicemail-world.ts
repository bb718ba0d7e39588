import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { voicemailAudio } from "../../src/sandbox/ringcentral/voicemail/content.ts";
import { attachmentsOf, type Voicemail } from "../../src/sandbox/ringcentral/voicemail/store.ts";
import { runHere } from "../helpers/run-here.ts";
import { openRingCentralWorld, quickBudget, type RingCentralWorld } from "./ringcentral-world.ts";
import { finishedIn } from "./tim-world.ts";

/** A RingCentral of three people with six voicemails and two calls, and the program with its archive there. */
export async function openVoicemailWorld(
  options: Parameters<typeof openRingCentralWorld>[0] = {},
): Promise<RingCentralWorld & VoicemailArchive> {
  const data = { recordings: 2, days: 2, layout: "plain" as const, seconds: [2, 3] as const, extensions: 3 };
  const settings = { ...options.settings, limits: quickBudget(40) };
  const world = await openRingCentralWorld({ data, ...options, settings });
  const { rc, archive, env } = world;
  const heldOf = (known: readonly (readonly [string, string])[]) => {
    const byHash = new Map(known);
    return finishedIn(archive)
      .flatMap((path) => byHash.get(sha256(readFileSync(path))) ?? [])
      .sort();
  };
  return {
    ...world,
    callreel: (...args) => runHere([...args, "-d", archive], { env }),
    keys: () =>
      rc.voicemail
        .all()
        .filter(({ audio }) => audio)
        .map(keyOf)
        .sort(),
    heldVoicemail: () => heldOf(rc.voicemail.all().map((message) => [sha256(voicemailAudio(message)), keyOf(message)])),
    heldCalls: () => heldOf(rc.recordings().map(({ id }) => [rc.sha256Of(id), id])),
    [Symbol.asyncDispose]: () => world[Symbol.asyncDispose](),
  };
}

interface VoicemailArchive {
  callreel(...args: string[]): ReturnType<typeof runHere>;
  /** The keys of all voicemails that have audio, whatever became of them. */
  keys(): readonly string[];
  /** The keys of the voicemails whose bytes lie in the archive. */
  heldVoicemail(): readonly string[];
  /** The ids of the calls' recordings whose bytes lie there. */
  heldCalls(): readonly string[];
}

export function keyOf(message: Pick<Voicemail, "id">): string {
  return `ringcentral/vm/${message.id}/${attachmentsOf(message).audio}`;
}

function sha256(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}
