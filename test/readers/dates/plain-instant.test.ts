import { expect, test } from "vitest";
import { likelyReadings, orders, plainInstant } from "../../../src/readers/dates/date-forms.ts";
import { openRandom } from "../../helpers/fuzz.ts";

const random = openRandom();
const pick = <Value>(values: readonly Value[]) => values[random(values.length)] as Value;

function nearlyPlain(): string {
  const two = (n: number) => String(n).padStart(pick([2, 2, 2, 2, 2, 1]), "0");
  const date = `${pick([19, 20, 20, 20, 21])}${two(random(100))}${pick(["-", "-", "-", "/"])}${two(random(14))}-${two(random(33))}`;
  const time = `${two(random(26))}:${two(random(62))}:${two(random(62))}`;
  const fraction = pick(["", "", ".0", ".000", ".120", ".123", ".1234567", ",5", "."]);
  return `${pick(["", "", "", "", " "])}${date}${pick(["T", "T", "T", " ", "t"])}${time}${fraction}${pick(["Z", "Z", "Z", "z", "", "+00:00", "Z "])}`;
}

test("what the quick look reads is what all readings of it agree on, and it reads almost all of them", () => {
  let read = 0;
  for (let round = 0; round < 50_000; round += 1) {
    const text = nearlyPlain();
    const plain = plainInstant(text);
    if (plain === undefined) continue;
    read += 1;
    const readings = likelyReadings(text);
    expect([text, ...orders.map((order) => readings[order])]).toEqual([text, plain, plain, plain]);
  }
  expect(read).toBeGreaterThan(500);
  expect(plainInstant("2026-02-28T23:59:59.000Z")).toBe("2026-02-28T23:59:59Z");
  expect(plainInstant("2026-02-28T23:59:59.417Z")).toBe("2026-02-28T23:59:59.417Z");
});
