import { expect, test } from "vitest";
import type { Listed } from "../../src/core/model/catalogue.ts";
import { openAccountSorter } from "../../src/core/proof/listed-accounts.ts";

const period = { fromMs: Date.UTC(2026, 2, 1), toMs: Date.UTC(2026, 3, 1) };

function list(change: Partial<Listed>): Listed {
  const window = { from: "2026-03-01T00:00:00.000Z", to: "2026-04-01T00:00:00.000Z" };
  return { source: "ringcentral", by: "call-log", ...window, ...change };
}

function groupsOf(...lists: Partial<Listed>[]) {
  const sorter = openAccountSorter<number>(period);
  const counts = lists.map((each, at) => sorter.add(list(each), at));
  const groups = sorter.groups().map(({ accounts, covered, last }) => [accounts.join(), covered.length, last?.origin]);
  return { counts, groups };
}

const february = { from: "2026-02-01T00:00:00.000Z", to: "2026-03-01T00:00:00.000Z" };

test.each<[string, Partial<Listed>[], unknown[]]>([
  ["nothing", [], []],
  ["a login that saw nothing, alone", [{ login: "a" }], [["", 1, 0]]],
  [
    "two logins of one account",
    [
      { login: "a", accounts: ["1"] },
      { login: "b", accounts: ["1"] },
    ],
    [["1", 2, 1]],
  ],
  [
    "two accounts",
    [
      { login: "a", accounts: ["1"] },
      { login: "b", accounts: ["2"] },
    ],
    [
      ["1", 1, 0],
      ["2", 1, 1],
    ],
  ],
  [
    "a month without calls, by a login that has an account",
    [{ login: "a", accounts: ["1"], ...february }, { login: "a" }],
    [["1", 1, 1]],
  ],
  [
    "a new login that saw nothing yet, of the only account",
    [{ login: "a", accounts: ["1"], ...february }, { login: "b" }],
    [["1", 1, 1]],
  ],
  [
    "an account that was listed before, and not in the period",
    [
      { login: "a", accounts: ["1"] },
      { login: "b", accounts: ["2"], ...february },
    ],
    [
      ["1", 1, 0],
      ["2", 0, undefined],
    ],
  ],
  [
    "a login that saw nothing, beside two accounts",
    [{ login: "a", accounts: ["1"] }, { login: "b", accounts: ["2"] }, { login: "c" }],
    [
      ["1", 1, 0],
      ["2", 1, 1],
    ],
  ],
  [
    "a login that turns out to see both accounts",
    [
      { login: "a", accounts: ["1"] },
      { login: "b", accounts: ["2"] },
      { login: "c", accounts: ["1", "2"] },
    ],
    [["1,2", 3, 2]],
  ],
  ["without a login told", [{}, {}], [["", 2, 1]]],
  ["own calls, where nobody sees all", [{ own: true, login: "a" }], [["", 1, 0]]],
  [
    "own calls, where somebody sees all",
    [
      { own: true, login: "a", accounts: ["1"] },
      { login: "b", accounts: ["1"] },
    ],
    [["1", 1, 1]],
  ],
])("%s", (_, lists, expected) => {
  expect(groupsOf(...lists).groups).toEqual(expected);
});

test("a filtered list, or one of another time, counts for nothing; one without a beginning counts from ever on", () => {
  const sorter = openAccountSorter<number>(period);
  const { from: _, ...endless } = list({});
  expect([sorter.add(list({ filtered: true }), 0), sorter.add(list(february), 1), sorter.add(endless, 2)]).toEqual([
    false,
    false,
    true,
  ]);
  expect(sorter.groups()[0]?.covered).toEqual([{ fromMs: -Infinity, toMs: period.toMs }]);
});
