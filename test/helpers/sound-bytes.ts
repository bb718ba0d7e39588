/** How a WAV file is built; everything has a sound default. */
export interface WavShape {
  /** Format tag: 1 PCM, 6 A-law, 7 u-law, … */
  readonly tag?: number;
  readonly seconds?: number;
  readonly channels?: number;
  readonly bits?: number;
  /** Overrides of what the header claims. */
  readonly riffSize?: number;
  readonly dataSize?: number;
  readonly byteRate?: number;
  /** The bytes of the sound, in place of noise. */
  readonly sound?: Buffer;
  /** Chunks between `fmt ` and `data`. */
  readonly before?: readonly Buffer[];
  readonly after?: readonly Buffer[];
  readonly format?: Buffer | null;
  /** Makes two files of one shape differ. */
  readonly seed?: number;
}

const rate = 8000;

export function wav(shape: WavShape = {}): Buffer {
  const { tag = 7, seconds = 1, channels = 1, bits = tag === 1 ? 16 : 8 } = shape;
  const align = (channels * bits) / 8;
  const sound = shape.sound ?? noise(Math.round(seconds * rate) * align, shape.seed ?? 1);
  const format = shape.format === undefined ? wavFormat(tag, channels, bits, shape.byteRate) : shape.format;
  const head = Buffer.from("data\0\0\0\0", "latin1");
  head.writeUInt32LE(shape.dataSize ?? sound.length, 4);
  const pad = Buffer.alloc(sound.length % 2);
  const parts = [
    ...(format === null ? [] : [format]),
    ...(shape.before ?? []),
    head,
    sound,
    pad,
    ...(shape.after ?? []),
  ];
  const body = Buffer.concat([Buffer.from("WAVE"), ...parts]);
  const riff = Buffer.from("RIFF\0\0\0\0", "latin1");
  riff.writeUInt32LE(shape.riffSize ?? body.length, 4);
  return Buffer.concat([riff, body]);
}

function wavFormat(tag: number, channels: number, bits: number, byteRate?: number): Buffer {
  const fields = Buffer.alloc(tag === 1 ? 16 : 18);
  const align = (channels * bits) / 8;
  fields.writeUInt16LE(tag, 0);
  fields.writeUInt16LE(channels, 2);
  fields.writeUInt32LE(rate, 4);
  fields.writeUInt32LE(byteRate ?? rate * align, 8);
  fields.writeUInt16LE(align, 12);
  fields.writeUInt16LE(bits, 14);
  return chunk("fmt ", fields);
}

/** A RIFF chunk, padded to an even length. */
export function chunk(id: string, body: Buffer): Buffer {
  const head = Buffer.from(`${id}\0\0\0\0`, "latin1");
  head.writeUInt32LE(body.length, 4);
  return Buffer.concat([head, body, Buffer.alloc(body.length % 2)]);
}

/** Bytes that look like sound: the same for the same seed. */
export function noise(length: number, seed: number): Buffer {
  const bytes = Buffer.alloc(length);
  let state = (seed * 2654435761) >>> 0 || 1;
  for (let at = 0; at < length; at += 1) {
    state ^= state << 13;
    state ^= state >>> 17;
    state = (state ^ (state << 5)) >>> 0;
    bytes[at] = state & 0xff;
  }
  return bytes;
}

/** An MPEG frame with silence in it: MPEG-1 layer III, 44.1 kHz, joint stereo, unless `head` says otherwise. */
export function mpegFrame(head = 0xfffb9064, length = 417): Buffer {
  const frame = Buffer.alloc(length);
  frame.writeUInt32BE(head >>> 0);
  return frame;
}

export function mp3(frames = 10): Buffer {
  return Buffer.concat(Array.from({ length: frames }, () => mpegFrame()));
}

/** An ID3v2 tag with `length` bytes of content. */
export function id3(length: number, flags = 0): Buffer {
  const size = [21, 14, 7, 0].map((shift) => (length >>> shift) & 127);
  return Buffer.concat([Buffer.from([0x49, 0x44, 0x33, 3, 0, flags, ...size]), Buffer.alloc(length)]);
}

/** An Ogg page with one packet; flags 2 begins a stream, 4 ends it. */
export function oggPage(packet: string, granule = 0, flags = 2, serial = 7): Buffer {
  const body = Buffer.from(packet.padEnd(60, "\0"), "latin1");
  const head = Buffer.alloc(28);
  head.write("OggS", 0, "latin1");
  head[5] = flags;
  head.writeBigInt64LE(BigInt(granule), 6);
  head.writeUInt32LE(serial, 14);
  head[26] = 1;
  head[27] = body.length;
  return Buffer.concat([head, body]);
}

/** An Ogg file of three pages; the last one says how many granules there are. */
export function ogg(packet: string, granules: number): Buffer {
  return Buffer.concat([oggPage(packet), oggPage("sound", -1, 0), oggPage("more", granules, 4)]);
}

/** A FLAC file whose only frame that matters is its last one: `frame` is that header without its CRC. */
export function flac(
  samples = 16_000,
  sampleRate = 8000,
  frame: readonly number[] = [0xff, 0xf8, 0xc4, 0x08, 3],
): Buffer {
  const bytes = Buffer.alloc(142);
  bytes.write("fLaC\x80\0\0\x22", 0, "latin1");
  bytes.writeUInt16BE(4096, 8);
  bytes.writeUInt16BE(4096, 10);
  bytes.writeUInt32BE(((sampleRate << 12) | 0xf0) >>> 0, 18);
  bytes.writeUInt32BE(samples, 22);
  return Buffer.concat([bytes, Buffer.from([...frame, crc8(frame)]), Buffer.alloc(40, 0x55)]);
}

function crc8(bytes: readonly number[]): number {
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = ((crc << 1) ^ (crc & 0x80 ? 7 : 0)) & 0xff;
  }
  return crc;
}

/** An MP4 box; a size of 0 or 1 asks for the forms "to the end" and "64-bit". */
export function box(type: string, body: Buffer, size = body.length + 8): Buffer {
  const head = Buffer.alloc(size === 1 ? 16 : 8);
  head.writeUInt32BE(size);
  head.write(type, 4, "latin1");
  if (size === 1) head.writeBigUInt64BE(BigInt(body.length + 16), 8);
  return Buffer.concat([head, body]);
}

/** A `moov` whose `mvhd` gives the length. */
export function moov(scale: number, duration: number, long = false): Buffer {
  const body = Buffer.alloc(long ? 112 : 100);
  body[0] = long ? 1 : 0;
  body.writeUInt32BE(scale, long ? 20 : 12);
  if (long) body.writeBigUInt64BE(BigInt(duration), 24);
  else body.writeUInt32BE(duration, 16);
  return box("moov", box("mvhd", body));
}

export function mp4(...boxes: readonly Buffer[]): Buffer {
  return Buffer.concat([box("ftyp", Buffer.from("M4A \0\0\x02\0isomiso2", "latin1")), ...boxes]);
}
