import type { Call } from "../../src/core/model/recording.ts";
import type { PlayedArchive } from "./played-archive.ts";

/** The moment that the page's clock shows in tests: a Sunday in London. */
export const today = new Date("2026-11-29T12:00:00Z");

const ann = { extension: "0206", user: "Ann Lee" };
const zoe = { extension: "0202", user: "Zoë Müller" };
const sales = { extension: "0300", user: "Łukasz Sørensen" };

/** Calls of some days as an office has them: both systems, all directions, a call of three legs, one of a month before. */
export const officeCalls: readonly (readonly [
  source: "ringcentral" | "tim",
  id: string,
  call: Call,
  seconds: number,
])[] = [
  [
    "ringcentral",
    "4101",
    { start: "2026-11-29T10:42:10.000Z", direction: "inbound", from: "+442079465646", to: "0206", ...ann },
    95,
  ],
  [
    "tim",
    "NCS0007",
    { start: "2026-11-29T09:05:00", direction: "outbound", from: "0202", to: "02079460302", ...zoe },
    31,
  ],
  [
    "ringcentral",
    "4102",
    {
      start: "2026-11-28T16:20:05.000Z",
      direction: "inbound",
      from: "+442079462084",
      to: "0300",
      session: "s-9",
      ...sales,
    },
    180,
  ],
  [
    "ringcentral",
    "4103",
    { start: "2026-11-28T16:22:40.000Z", direction: "internal", from: "0300", to: "0206", session: "s-9", ...sales },
    44,
  ],
  [
    "ringcentral",
    "4104",
    {
      start: "2026-11-28T16:23:30.000Z",
      direction: "inbound",
      from: "+442079462084",
      to: "0206",
      session: "s-9",
      ...ann,
    },
    610,
  ],
  [
    "ringcentral",
    "4105",
    { start: "2026-11-28T09:00:00.000Z", direction: "outbound", from: "0202", to: "+16505557602", ...zoe },
    3725,
  ],
  [
    "tim",
    "NCS0003",
    { start: "2026-11-24T16:55:37", direction: "inbound", from: "02079466523", to: "0206", ...ann },
    38,
  ],
  ["tim", "NCS0002", { start: "2026-11-21T21:47:09", direction: "internal", from: "0202", to: "0205", ...zoe }, 3],
  [
    "ringcentral",
    "4106",
    {
      start: "2026-10-05T13:15:00.000Z",
      direction: "inbound",
      from: "+442079462787",
      to: "0300",
      session: "s-9",
      ...sales,
    },
    61,
  ],
  ["tim", "NCS0001", { direction: "inbound", from: "02079465153", ...ann }, 12],
];

/** Puts those calls into an archive; the longest one is kept as half a minute of sound. */
export async function keepOffice(played: PlayedArchive): Promise<void> {
  for (const [source, id, call, seconds] of officeCalls) {
    await played.keep(source, id, { ...call, duration: seconds }, speech(Math.min(seconds, 30)));
  }
}

/** Sound that rises and falls as two people's talk does. */
function speech(seconds: number): Buffer {
  const samples = seconds * 8000;
  const audio = Buffer.alloc(44 + samples * 2);
  audio.write("RIFF\0\0\0\0WAVEfmt ", 0, "latin1");
  audio.writeUInt32LE(audio.length - 8, 4);
  for (const [at, value] of [
    [16, 16],
    [24, 8000],
    [28, 16_000],
    [40, samples * 2],
  ] as const)
    audio.writeUInt32LE(value, at);
  for (const [at, value] of [
    [20, 1],
    [22, 1],
    [32, 2],
    [34, 16],
  ] as const)
    audio.writeUInt16LE(value, at);
  audio.write("data", 36, "latin1");
  for (let at = 0; at < samples; at += 1) {
    const time = at / 8000;
    const loud = Math.abs(Math.sin(time * 0.9) * Math.sin(time * 5.3) * Math.cos(time * 2.1));
    audio.writeInt16LE(Math.round(24_000 * loud * Math.sin(time * 1400)), 44 + at * 2);
  }
  return audio;
}
