import { expect, it } from "vitest";
import { poolLinks } from "../../src/core/download/source-pool.ts";
import { RecordingError } from "../../src/core/model/errors.ts";
import type { LinkSource } from "../../src/core/model/ports.ts";
import type { Link } from "../../src/core/model/recording.ts";
import { callRef } from "../helpers/calls-server.ts";

const never = new AbortController().signal;

interface Login extends LinkSource {
  readonly heard: (number | undefined)[];
  readonly failedLinks: (Link | undefined)[];
}

function login(name: string, rate?: number): Login {
  const heard: (number | undefined)[] = [];
  const failedLinks: (Link | undefined)[] = [];
  const source: Login = {
    heard,
    failedLinks,
    async link(ref, failed) {
      failedLinks.push(failed);
      if (ref.id === "broken") throw new Error("no token");
      return { url: name, headers: {}, resumable: true, takenAt: 0, answered: (head) => heard.push(head?.status) };
    },
    classifyFailure: (error) => new RecordingError(error.code, name),
    ...(rate === 0 ? {} : { addressesOf: () => [name] }),
    ratePerMinute: () => rate,
  };
  return source;
}

it("takes each link from the login that has the fewest under way", async () => {
  const pool = poolLinks([login("a"), login("b")]);
  const first = await pool.link(callRef("1"), undefined, never);
  const second = await pool.link(callRef("2"), undefined, never);
  expect([first.url, second.url]).toEqual(["a", "b"]);
  second.answered?.({ status: 200, headers: {} });
  second.answered?.(undefined);
  expect((await pool.link(callRef("3"), undefined, never)).url).toBe("b");
});

it("gives a failed link back to the login it came from, and the answer too", async () => {
  const [a, b] = [login("a"), login("b")];
  const pool = poolLinks([a, b]);
  await pool.link(callRef("1"), undefined, never);
  const failed = await pool.link(callRef("2"), undefined, never);
  failed.answered?.({ status: 401, headers: {} });
  const again = await pool.link(callRef("2"), failed, never);
  expect(again.url).toBe("b");
  expect(b.heard).toEqual([401]);
});

it("does not count a link that could not be had", async () => {
  const pool = poolLinks([login("a"), login("b")]);
  await expect(pool.link(callRef("broken"), undefined, never)).rejects.toThrow("no token");
  expect((await pool.link(callRef("1"), undefined, never)).url).toBe("a");
});

it("adds up the rates where every login has one", () => {
  expect(poolLinks([login("a", 10), login("b", 20)]).ratePerMinute?.()).toBe(30);
  expect(poolLinks([login("a", 10), login("b")]).ratePerMinute?.()).toBeUndefined();
});

it("lets each recording be judged by the login that was asked for it, and by the first one before", async () => {
  const pool = poolLinks([login("a"), login("b", 0)]);
  const error = new RecordingError("reset", "x");
  const refs = [callRef("1"), callRef("2"), callRef("3")] as const;
  expect(pool.classifyFailure(error, refs[0], 0).message).toBe("a");
  expect(pool.addressesOf?.(refs[0])).toEqual(["a"]);
  await pool.link(refs[0], undefined, never);
  await pool.link(refs[1], undefined, never);
  expect(refs.map((ref) => pool.classifyFailure(error, ref, 0).message)).toEqual(["a", "b", "a"]);
  expect(pool.addressesOf?.(refs[1])).toEqual([]);
});

it("lets a login judge its own refusal to give a link", async () => {
  const pool = poolLinks([login("a"), login("b")]);
  const broken = callRef("broken");
  await pool.link(callRef("1"), undefined, never);
  await expect(pool.link(broken, undefined, never)).rejects.toThrow("no token");
  expect(pool.classifyFailure(new RecordingError("login-refused", "x"), broken, 0).message).toBe("b");
});

it("has the budgets of all logins that have one", () => {
  const budget = { limit: 10, used: 3 };
  const pool = poolLinks([
    { ...login("a"), budget: () => budget },
    login("b"),
    { ...login("c"), budget: () => budget },
  ]);
  expect(pool.budget?.()).toEqual({ limit: 20, used: 6 });
  expect(poolLinks([login("a"), login("b")]).budget?.()).toBeUndefined();
});
