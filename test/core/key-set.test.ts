import { expect, test } from "vitest";
import { openKeySet } from "../../src/core/key-set.ts";
import { openRandom } from "../helpers/fuzz.ts";

test("it holds what a plain set holds, whatever the keys look like", () => {
  const random = openRandom();
  const [keys, plain] = [openKeySet(), new Set<string>()];
  for (let round = 0; round < 60_000; round += 1) {
    const id = String(random(4) === 0 ? random(1000) : random(2 ** 31) * 997);
    const written = [id, `0${id}`, id.padEnd(16, "9"), id.padEnd(20, "0"), `vm/${id}/1`, `${id}%20`][random(6)];
    const key = `${["ringcentral", "ringcentral", "tim/1/2"][random(3)]}/${written}`;
    if (keys.has(key) !== plain.has(key)) expect(key).toBe("told the same");
    if (keys.add(key) === plain.has(key)) expect(key).toBe("told to be new once");
    plain.add(key);
  }
  expect(keys.size).toBe(plain.size);
  for (const key of plain) if (!keys.has(key)) expect(key).toBe("kept");
});

test("numbers that no longer differ as numbers stay apart", () => {
  const keys = openKeySet();
  const near = ["9007199254740991", "9007199254740992", "9007199254740993", "0", "00", "1", "01"];
  expect(near.map((id) => keys.add(`ringcentral/${id}`))).toEqual(near.map(() => true));
  expect(near.map((id) => keys.add(`ringcentral/${id}`))).toEqual(near.map(() => false));
  expect(keys.size).toBe(near.length);
});
