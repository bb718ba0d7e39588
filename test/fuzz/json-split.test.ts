import { JSONParser } from "@streamparser/json";
import { expect, it } from "vitest";
import { elementTexts } from "../../src/readers/json/split.ts";
import { fuzzSeconds, openRandom } from "../helpers/fuzz.ts";
import { countTries } from "../helpers/tries.ts";

const random = openRandom();

it("lists of any shape are cut into the very elements that a streaming JSON parser sees, wherever the blocks end", async () => {
  const rounds = fuzzSeconds * 300;
  for (let round = 0; round < rounds; round += 1) {
    const elements = Array.from({ length: random(6) }, () => objectOf(3));
    const inEnvelope = random(2) === 0;
    const list = `[${elements.map((each) => `${blank()}${written(each)}${blank()}`).join(",")}${elements.length === 0 ? blank() : ""}]`;
    const text = inEnvelope ? envelope(list) : `${blank()}${list}${blank()}`;
    const ours = (await cutUp(text)).map((each) => JSON.parse(each));
    expect([text, ours]).toEqual([text, streamed(text, inEnvelope ? "$.records.*" : "$.*")]);
  }
  countTries("JSON lists, against a streaming parser", rounds, 0);
});

/** The list under `records`, among members that look like it. */
function envelope(list: string): string {
  const others = [
    '"records2":[{"id":1}]',
    '"uri":"a\\"records\\":[{}]"',
    '"paging":{"records":[{"id":2}]}',
    '"x":null',
  ];
  const before = others.filter(() => random(2) === 0).map((each) => `${each}${blank()},`);
  const after = others.filter(() => random(2) === 0).map((each) => `,${blank()}${each}`);
  return `${blank()}{${before.join("")}"records"${blank()}:${blank()}${list}${after.join("")}}${blank()}`;
}

async function cutUp(text: string): Promise<string[]> {
  const bytes = Buffer.from(text);
  async function* blocks() {
    for (let at = 0; at < bytes.length; ) {
      const size = 1 + random(9);
      yield bytes.subarray(at, at + size);
      at += size;
    }
  }
  const found: string[] = [];
  for await (const texts of elementTexts(blocks(), "list.json"))
    found.push(...texts.filter(({ isAround }) => !isAround).map(({ text }) => text));
  return found;
}

function streamed(text: string, path: string): unknown[] {
  const found: unknown[] = [];
  const parser = new JSONParser({ paths: [path], keepStack: false });
  parser.onValue = ({ value }) => void found.push(value);
  parser.write(text);
  return found;
}

const texts = ["", "a", '"', "\\", "}]", "{[", "é😀", "records", '"records":[', "\u2028", "\t\n", "//"];

function anyValue(depth: number): unknown {
  const kind = random(depth > 0 ? 7 : 5);
  if (kind === 0) return random(1000) - 500.25;
  if (kind === 1) return texts[random(texts.length)];
  if (kind === 2) return random(2) === 0;
  if (kind === 3) return null;
  if (kind === 4) return random(10) * 1e20;
  if (kind === 5) return Array.from({ length: random(4) }, () => anyValue(depth - 1));
  return objectOf(depth - 1);
}

function objectOf(depth: number): Record<string, unknown> {
  return Object.fromEntries(
    Array.from({ length: random(4) }, (_, at) => [`${texts[random(texts.length)]}${at}`, anyValue(depth)]),
  );
}

function written(value: unknown): string {
  return random(2) === 0 ? JSON.stringify(value) : JSON.stringify(value, null, random(2) === 0 ? "\t" : 2);
}

function blank(): string {
  return ["", "", " ", "\n", "\r\n\t"][random(5)] as string;
}
