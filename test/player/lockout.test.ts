import { expect, test } from "vitest";
import { openLockout } from "../../src/player/auth/lockout.ts";
import { heldClock } from "../helpers/held-clock.ts";

const minute = 60_000;

function opened() {
  const clock = heldClock();
  const lockout = openLockout(clock);
  /** Guesses as fast as the lock-out lets; gives the last wait. */
  const guess = async (times: number, name: string, address: string) => {
    let wait = 0;
    for (let at = 0; at < times; at += 1) {
      wait = lockout.begin(name, address);
      if (wait > 0) await clock.advance(wait);
      if (wait > 0) lockout.begin(name, address);
    }
    return wait;
  };
  return { clock, lockout, guess };
}

test("the wait doubles with each wrong password up to a quarter of an hour, and an hour later all is forgotten", async () => {
  const { clock, lockout, guess } = opened();
  const waits = [];
  for (let at = 0; at < 17; at += 1) waits.push(await guess(1, "anna", "192.0.2.1"));
  expect(waits.slice(0, 8)).toEqual([0, 0, 0, 0, 0, 1_000, 2_000, 4_000]);
  expect(waits.at(-1)).toBe(15 * minute);
  await clock.advance(61 * minute);
  expect(lockout.begin("anna", "192.0.2.1")).toBe(0);
});

test("whoever has logged in well from an address before is held up only by the own mistakes there", async () => {
  const { lockout, guess } = opened();
  lockout.begin("anna", "192.0.2.1");
  lockout.succeeded("anna", "192.0.2.1");
  await guess(40, "anna", "198.51.100.7");
  for (let at = 0; at < 40; at += 1) await guess(1, `name ${at}`, "192.0.2.1");
  expect(lockout.begin("anna", "192.0.2.1")).toBe(0);
  expect(lockout.begin("ben", "192.0.2.1")).toBeGreaterThan(0);
});

test("guesses at one name from many addresses, and at many names from one, are slowed down too", async () => {
  const { lockout } = opened();
  for (let at = 0; at < 20; at += 1) expect(lockout.begin("anna", `192.0.2.${at}`)).toBe(0);
  expect(lockout.begin("anna", "192.0.2.99")).toBeGreaterThan(0);
  for (let at = 0; at < 30; at += 1) expect(lockout.begin(`name ${at}`, "198.51.100.7")).toBe(0);
  expect(lockout.begin("name 31", "198.51.100.7")).toBeGreaterThan(0);
  expect(lockout.begin("name 31", "198.51.100.8")).toBe(0);
});

test("right passwords do not add up to a lock-out", () => {
  const { lockout } = opened();
  for (let at = 0; at < 100; at += 1) {
    expect(lockout.begin(`name ${at}`, "192.0.2.1")).toBe(0);
    lockout.succeeded(`name ${at}`, "192.0.2.1");
    expect(lockout.begin("anna", `198.51.100.${at}`)).toBe(0);
    lockout.succeeded("anna", `198.51.100.${at}`);
  }
});

test("memory does not grow with the names that are tried", async () => {
  const { lockout } = opened();
  for (let at = 0; at < 30_000; at += 1) lockout.begin(`name ${at}`, `address ${at}`);
  expect(lockout.begin("name 0", "address 0")).toBe(0);
});
