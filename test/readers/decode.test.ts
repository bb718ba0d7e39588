import { describe, expect, test } from "vitest";
import { readStdin } from "./read.ts";

const header = Buffer.from("voicefilename,name\n");
const latin1 = (text: string) => Buffer.from(text, "latin1");
const names = async (bytes: Buffer, encoding?: string, pieceBytes?: number) => {
  const { fields } = await readStdin(bytes, encoding === undefined ? {} : { encoding }, pieceBytes);
  return fields.map(({ name }) => name);
};

describe("text without a byte order mark", () => {
  test("is UTF-8 where it is valid UTF-8, also where a block ends inside a character", async () => {
    expect(await names(Buffer.concat([header, Buffer.from("1,Zoë 漢字 😀\n")]), undefined, 1)).toEqual(["Zoë 漢字 😀"]);
  });

  test("is windows-1252 where it is not, with the characters that ISO 8859-1 does not have", async () => {
    expect(await names(Buffer.concat([header, latin1("1,Zo\xeb \x80 \x93x\x94\n")]))).toEqual(["Zoë € “x”"]);
  });

  test("may turn out to be windows-1252 after any length of plain ASCII", async () => {
    const plain = Buffer.from("1,Smith\n".repeat(200_000));
    const all = await names(Buffer.concat([header, plain, latin1("2,Jos\xe9\n"), plain]));
    expect(all).toHaveLength(400_001);
    expect(all[200_000]).toBe("José");
    expect(new Set(all)).toEqual(new Set(["Smith", "José"]));
  });

  test("may be of both kinds, as when two exports were joined", async () => {
    const joined = Buffer.concat([header, Buffer.from("1,José\n"), latin1("2,Jos\xe9\n"), Buffer.from("3,José\n")]);
    expect(await names(joined)).toEqual(["José", "José", "José"]);
  });

  test("may have a mark in the middle, as when two marked exports were joined", async () => {
    const marked = Buffer.from("\ufeffvoicefilename,name\r\n1,José\r\n");
    expect(await names(Buffer.concat([marked, marked]))).toEqual(["José", "José"]);
  });

  test.each([
    ["LE", Buffer.from("voicefilename,name\r\n1,José\r\n", "utf16le")],
    ["BE", Buffer.from("voicefilename,name\r\n1,José\r\n", "utf16le").swap16()],
  ])("is UTF-16 %s where every other byte is zero", async (_, bytes) => {
    expect(await names(bytes)).toEqual(["José"]);
    expect(await names(bytes, undefined, 3)).toEqual(["José"]);
  });

  test("is not taken for UTF-16 because of bcp's zero bytes", async () => {
    const { fields } = await readStdin("\0\t4\tNCS1\r\n\0\t\0\tNCS2\r\n", { columns: ["a", "b", "voicefilename"] });
    expect(fields).toEqual([
      { a: null, b: "4", voicefilename: "NCS1" },
      { a: null, b: null, voicefilename: "NCS2" },
    ]);
  });
});

describe("a stated encoding", () => {
  test.each(["iso-8859-2", "ISO-8859-2"])("is used (%s)", async (encoding) => {
    expect(await names(Buffer.concat([header, latin1("1,\xa3\xf3d\xbc\n")]), encoding)).toEqual(["Łódź"]);
  });

  test.each(["windows-1252", "CP1252", "latin1"])(
    "of windows-1252 holds for lines that could be UTF-8 (%s)",
    async (encoding) => {
      expect(await names(Buffer.concat([header, Buffer.from("1,é\n")]), encoding)).toEqual(["Ã©"]);
    },
  );

  test("gives way to a byte order mark", async () => {
    expect(await names(Buffer.from("\ufeffvoicefilename,name\n1,José\n", "utf16le"), "windows-1252")).toEqual(["José"]);
  });

  test("that nobody knows is wrong usage", async () => {
    await expect(names(header, "ebcdic")).rejects.toMatchObject({
      code: "usage",
      message: expect.stringContaining("ebcdic"),
    });
  });
});
