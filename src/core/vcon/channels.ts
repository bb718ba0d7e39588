import { id3Length } from "../audio/mpeg.ts";
import { latin, viewOf } from "../audio/scan.ts";

/** How many channels a recording has, by its first bytes, in WAV and MPEG audio; 1 where they do not tell. */
export function channelsOf(first: Uint8Array): number {
  return latin(first, 0, 4) === "RIFF" ? wavChannels(first) : mpegChannels(first);
}

const mostChannels = 32;

function wavChannels(bytes: Uint8Array): number {
  const view = viewOf(bytes);
  for (let at = 12; at + 12 <= bytes.length; at += 8 + Math.max(view.getUint32(at + 4, true), 2)) {
    if (latin(bytes, at, 4) !== "fmt ") continue;
    const channels = view.getUint16(at + 10, true);
    return channels >= 1 && channels <= mostChannels ? channels : 1;
  }
  return 1;
}

/** By the mode in the header of the first frame. */
function mpegChannels(bytes: Uint8Array): number {
  const at = id3Length(bytes);
  const [sync = 0, version = 0, , mode = 0] = bytes.subarray(at, at + 4);
  return sync === 0xff && version >= 0xe0 && mode >> 6 !== 3 ? 2 : 1;
}
