/** A column of an answer; `datetime` and `datetime2` take naive text such as `2024-05-01 09:03:07.123`. */
export interface TdsColumn {
  readonly name: string;
  readonly type: "nvarchar" | "int" | "bigint" | "datetime" | "datetime2" | "date" | "uniqueidentifier";
}

/** The answer to a prelogin: version, no encryption, no instance, no MARS. */
export function prelogin(): Buffer {
  const options = [
    [0, Buffer.from([15, 0, 7, 208, 0, 0])],
    [1, Buffer.from([2])],
    [2, Buffer.from([0])],
    [3, Buffer.alloc(0)],
    [4, Buffer.from([0])],
  ] as const;
  let offset = options.length * 5 + 1;
  const head = options.map(([token, value]) => {
    const entry = Buffer.from([token, 0, 0, 0, value.length]);
    entry.writeUInt16BE(offset, 1);
    offset += value.length;
    return entry;
  });
  return Buffer.concat([...head, Buffer.from([0xff]), ...options.map(([, value]) => value)]);
}

export function loginAck(): Buffer {
  const body = Buffer.concat([Buffer.from([1, 0x74, 0, 0, 4]), shortText("fake"), Buffer.from([15, 0, 7, 208])]);
  return Buffer.concat([Buffer.from([0xad]), int(body.length, 2), body]);
}

/** The end of an answer; status 2 = an error came before. */
export function done(status: number, isProcedure = false): Buffer {
  return Buffer.concat([Buffer.from([isProcedure ? 0xfe : 0xfd]), int(status, 2), Buffer.alloc(10)]);
}

export function returnStatus(): Buffer {
  return Buffer.concat([Buffer.from([0x79]), int(0, 4)]);
}

export function errorToken(number: number, message: string): Buffer {
  const text = Buffer.from(message, "utf16le");
  const body = Buffer.concat([
    int(number, 4),
    Buffer.from([1, 16]),
    int(message.length, 2),
    text,
    shortText("FAKESQL"),
    shortText(""),
    int(1, 4),
  ]);
  return Buffer.concat([Buffer.from([0xaa]), int(body.length, 2), body]);
}

export function columnMetadata(columns: readonly TdsColumn[]): Buffer {
  const each = columns.map(({ name, type }) =>
    Buffer.concat([int(0, 4), int(9, 2), types[type].info, shortText(name)]),
  );
  return Buffer.concat([Buffer.from([0x81]), int(columns.length, 2), ...each]);
}

export function row(columns: readonly TdsColumn[], values: readonly unknown[]): Buffer {
  return Buffer.concat([Buffer.from([0xd1]), ...columns.map(({ type }, at) => types[type].value(values[at]))]);
}

const day = 86_400_000;

const types: Record<TdsColumn["type"], { info: Buffer; value(value: unknown): Buffer }> = {
  nvarchar: {
    info: Buffer.from([0xe7, 0x40, 0x1f, 9, 4, 0xd0, 0, 0x34]),
    value(value) {
      if (value === null) return int(0xffff, 2);
      const text = Buffer.from(String(value), "utf16le");
      return Buffer.concat([int(text.length, 2), text]);
    },
  },
  int: { info: Buffer.from([0x26, 4]), value: (value) => sized(value, () => int(Number(value), 4)) },
  bigint: { info: Buffer.from([0x26, 8]), value: (value) => sized(value, () => long(BigInt(String(value)))) },
  datetime: {
    info: Buffer.from([0x6f, 8]),
    value: (value) =>
      sized(value, () => {
        const ms = utc(value);
        const days = Math.floor(ms / day);
        const ticks = Math.round(((ms - days * day) * 3) / 10);
        return Buffer.concat([int(days + 25_567, 4), int(ticks, 4)]);
      }),
  },
  datetime2: {
    info: Buffer.from([0x2a, 7]),
    value: (value) =>
      sized(value, () => {
        const digits = /\.(\d+)$/.exec(String(value))?.[1]?.padEnd(7, "0") ?? "0000000";
        const ms = utc(String(value).replace(/\.\d+$/, ""));
        const days = Math.floor(ms / day);
        const units = BigInt(ms - days * day) * 10_000n + BigInt(digits);
        return Buffer.concat([long(units).subarray(0, 5), int(days + 719_162, 4).subarray(0, 3)]);
      }),
  },
  date: {
    info: Buffer.from([0x28]),
    value: (value) => sized(value, () => int(Math.floor(utc(value) / day) + 719_162, 4).subarray(0, 3)),
  },
  uniqueidentifier: {
    info: Buffer.from([0x24, 16]),
    value: (value) =>
      sized(value, () => {
        const bytes = Buffer.from(String(value).replaceAll("-", ""), "hex");
        return Buffer.concat([
          bytes.subarray(0, 4).reverse(),
          bytes.subarray(4, 6).reverse(),
          bytes.subarray(6, 8).reverse(),
          bytes.subarray(8),
        ]);
      }),
  },
};

function utc(value: unknown): number {
  return Date.parse(`${String(value).replace(" ", "T")}${String(value).length > 10 ? "" : "T00:00:00"}Z`);
}

function sized(value: unknown, bytes: () => Buffer): Buffer {
  if (value === null) return Buffer.from([0]);
  const data = bytes();
  return Buffer.concat([Buffer.from([data.length]), data]);
}

function shortText(text: string): Buffer {
  return Buffer.concat([Buffer.from([text.length]), Buffer.from(text, "utf16le")]);
}

function int(value: number, bytes: 2 | 4): Buffer {
  const buffer = Buffer.alloc(bytes);
  if (bytes === 2) buffer.writeUInt16LE(value);
  else buffer.writeInt32LE(value);
  return buffer;
}

function long(value: bigint): Buffer {
  const buffer = Buffer.alloc(8);
  buffer.writeBigInt64LE(value);
  return buffer;
}
