import { crc32, deflateRawSync } from "node:zlib";

export interface Zipped {
  readonly name: string;
  readonly data: Buffer;
  readonly stored?: boolean;
  readonly encrypted?: boolean;
  /** The sizes and the place stand in a zip64 field. */
  readonly zip64?: boolean;
  /** Written in place of what is true. */
  readonly crc?: number;
  readonly size?: number;
  /** Shares the bytes of the entry before. */
  readonly shares?: boolean;
}

/** A zip as PKWARE's APPNOTE has it, true or not. */
export function zip(files: readonly Zipped[]): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let at = 0;
  let before = 0;
  for (const file of files) {
    const offset = file.shares === true ? before : at;
    const { local, listed } = entry(file, offset);
    directory.push(listed);
    if (file.shares) continue;
    parts.push(local);
    before = at;
    at += local.length;
  }
  const listed = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write("PK\x05\x06");
  end.writeUInt16LE(files.length, 8);
  end.writeUInt16LE(files.length, 10);
  end.writeUInt32LE(listed.length, 12);
  end.writeUInt32LE(at, 16);
  return Buffer.concat([...parts, listed, end]);
}

const flags = { utf8: 0x800, encrypted: 1 };
const inWideField = 0xffffffff;

function entry(file: Zipped, offset: number): { readonly local: Buffer; readonly listed: Buffer } {
  const { data, stored = false, encrypted = false, zip64 = false, crc = crc32(data), size = data.length } = file;
  const name = Buffer.from(file.name);
  const packed = stored ? data : deflateRawSync(data);
  const wide = zip64 ? wideField([size, packed.length, offset]) : Buffer.alloc(0);
  const fields = Buffer.alloc(26);
  fields.writeUInt16LE(zip64 ? 45 : 20, 0);
  fields.writeUInt16LE(flags.utf8 + (encrypted ? flags.encrypted : 0), 2);
  fields.writeUInt16LE(stored ? 0 : 8, 4);
  fields.writeUInt32LE(crc, 10);
  fields.writeUInt32LE(zip64 ? inWideField : packed.length, 14);
  fields.writeUInt32LE(zip64 ? inWideField : size, 18);
  fields.writeUInt16LE(name.length, 22);
  fields.writeUInt16LE(wide.length, 24);
  const place = Buffer.alloc(14);
  place.writeUInt32LE(zip64 ? inWideField : offset, 10);
  return {
    local: Buffer.concat([Buffer.from("PK\x03\x04"), fields, name, wide, packed]),
    listed: Buffer.concat([Buffer.from("PK\x01\x02\x14\0"), fields, place, name, wide]),
  };
}

function wideField(values: readonly number[]): Buffer {
  const field = Buffer.alloc(4 + values.length * 8);
  field.writeUInt16LE(1, 0);
  field.writeUInt16LE(values.length * 8, 2);
  for (const [index, value] of values.entries()) field.writeBigUInt64LE(BigInt(value), 4 + index * 8);
  return field;
}
