/** A statement as it reached the server. */
export interface TdsStatement {
  readonly sql: string;
  /** Parameter name without `@` → value. */
  readonly parameters: Readonly<Record<string, string | null>>;
}

/** User and password of a LOGIN7 message. */
export function parseLogin(payload: Buffer): { user: string; password: string } {
  const field = (at: number) => {
    const offset = payload.readUInt16LE(at);
    return payload.subarray(offset, offset + payload.readUInt16LE(at + 2) * 2);
  };
  const hidden = field(44).map((byte) => ((byte ^ 0xa5) >> 4) | (((byte ^ 0xa5) & 15) << 4));
  return { user: field(40).toString("utf16le"), password: Buffer.from(hidden).toString("utf16le") };
}

/** The text of a SQL batch. */
export function parseBatch(payload: Buffer): TdsStatement {
  return { sql: payload.subarray(payload.readUInt32LE(0)).toString("utf16le"), parameters: {} };
}

/** Text and parameters of a call to sp_executesql, the only procedure that is understood; all values are nvarchar. */
export function parseRpc(payload: Buffer): TdsStatement {
  let at = payload.readUInt32LE(0);
  const isById = payload.readUInt16LE(at) === 0xffff;
  const procedure = payload.readUInt16LE(at + 2);
  if (!isById || procedure !== 10) throw new Error(`procedure ${procedure} is not understood`);
  at += 6;
  const values: [string, string | null][] = [];
  while (at < payload.length) {
    const nameBytes = payload[at]! * 2;
    const name = payload.subarray(at + 1, at + 1 + nameBytes).toString("utf16le");
    const { value, end } = readNvarchar(payload, at + 2 + nameBytes);
    values.push([name.replace(/^@/, ""), value]);
    at = end;
  }
  const [statement, , ...parameters] = values;
  return { sql: statement?.[1] ?? "", parameters: Object.fromEntries(parameters) };
}

function readNvarchar(payload: Buffer, typeAt: number): { value: string | null; end: number } {
  if (payload[typeAt] !== 0xe7) throw new Error(`parameter type ${payload[typeAt]} is not understood`);
  const isLong = payload.readUInt16LE(typeAt + 1) === 0xffff;
  let at = typeAt + 8;
  if (!isLong) {
    const bytes = payload.readUInt16LE(at);
    if (bytes === 0xffff) return { value: null, end: at + 2 };
    return { value: payload.subarray(at + 2, at + 2 + bytes).toString("utf16le"), end: at + 2 + bytes };
  }
  at += 8;
  const parts: Buffer[] = [];
  for (let bytes = payload.readUInt32LE(at); ; bytes = payload.readUInt32LE(at)) {
    at += 4 + bytes;
    if (bytes === 0) return { value: Buffer.concat(parts).toString("utf16le"), end: at };
    parts.push(payload.subarray(at - bytes, at));
  }
}
