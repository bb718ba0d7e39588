import { expect, it } from "vitest";
import { type Audio, openAudioCheck } from "../../src/core/audio/check.ts";
import { RecordingError } from "../../src/core/model/errors.ts";
import { damaged, fuzzSeconds, openRandom, pieces } from "../helpers/fuzz.ts";
import { box, flac, id3, moov, mp3, mp4, ogg, wav } from "../helpers/sound-bytes.ts";
import { countTries } from "../helpers/tries.ts";

const random = openRandom();
const whole = [
  wav({}),
  wav({ tag: 1, seconds: 1 }),
  wav({ tag: 6, seconds: 1 }),
  mp3(40),
  Buffer.concat([id3(100), mp3(20)]),
  ogg("OpusHead\x01\x01\x38\x01\x80\x3e\0\0\0\0\0", 48_000),
  flac(),
  mp4(moov(1000, 5000), box("mdat", Buffer.alloc(500))),
];
const accidents = [
  ...pieces,
  "RIFF",
  "data",
  "fact",
  "\xff\xff\xff\xff",
  "\xff\xfb\x90\x64",
  "ID3",
  "OggS",
  "fLaC",
  "moov",
  "</html>",
];

/** What a body is found to be, in pieces of random sizes; the code of its refusal. */
function outcomeOf(body: Buffer, announced: boolean): Audio | string {
  const check = openAudioCheck(() => 0);
  try {
    check.head({ status: 200, headers: announced ? { "content-length": String(body.length) } : {} });
    for (let at = 0; at < body.length; ) {
      const size = 1 + random(random(4) === 0 ? 9 : 900);
      check.chunk(body.subarray(at, at + size));
      at += size;
    }
    return check.finish();
  } catch (error) {
    expect(error, body.toString("latin1")).toBeInstanceOf(RecordingError);
    expect((error as RecordingError).code).not.toBe("bug");
    return (error as RecordingError).code;
  }
}

it("damaged audio is refused, or has no more seconds than its bytes can hold, in whatever pieces it comes", () => {
  const rounds = fuzzSeconds * 2000;
  for (let round = 0; round < rounds; round += 1) {
    const good = whole[random(whole.length)] as Buffer;
    const body = random(10) === 0 ? good : damaged(good, random, accidents);
    const announced = random(2) === 0;
    const outcome = outcomeOf(body, announced);
    expect(outcomeOf(body, announced), `round ${round}: ${body.toString("base64")}`).toEqual(outcome);
    if (typeof outcome === "string") continue;
    const { audioSeconds = 0 } = outcome;
    expect(audioSeconds, `round ${round}: ${body.toString("base64")}`).toBeLessThanOrEqual(300 + body.length / 8);
    expect(audioSeconds).toBeGreaterThanOrEqual(0);
  }
  countTries("damaged audio (WAV, MP3, Ogg, FLAC, MP4)", rounds, 0);
});
