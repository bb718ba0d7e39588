import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import type { RecordingError } from "../../../src/core/model/errors.ts";
import type { RecordingRef } from "../../../src/core/model/recording.ts";
import { openScriptedServer, type ScriptedAnswer, type ScriptedServer } from "../../helpers/scripted-server.ts";
import { behindBasic, type Fixture, openFixture, recording } from "./fixture.ts";
import { fetchAll, memoryTransfer } from "./memory-transfer.ts";

const audioOf = (name: string) => Buffer.concat([Buffer.from("RIFF"), createHash("sha512").update(name).digest()]);

interface Token {
  readonly name: string;
  readonly bornMs: number;
  used: number;
}

interface Stage extends AsyncDisposable {
  readonly fixture: Fixture;
  readonly echo: ScriptedServer;
  /** Tokens that Echo was asked with, and the most that were waiting for it at once. */
  readonly count: { used: number; waiting: number; mostWaiting: number };
  readonly asked: Map<string, number>;
  readonly kept: Map<string, Buffer>;
  fetch(refs: readonly RecordingRef[], workers: number): Promise<RecordingError[]>;
}

/**
 * TIM and Echo with tokens that live `lifeMs`; a dead one is answered with `expired`. The first token of every
 * `stillborn`th recording is dead when it comes, as from a TIM that took too long.
 */
async function openStage(
  expired: ScriptedAnswer,
  lifeMs = 60_000,
  { once = false, stillborn = Infinity } = {},
): Promise<Stage> {
  const tokens = new Map<string, Token>();
  const count = { used: 0, waiting: 0, mostWaiting: 0 };
  const asked = new Map<string, number>();
  const kept = new Map<string, Buffer>();
  const echo = await openScriptedServer(async ({ query, headers }) => {
    const token = tokens.get(query.get("t") ?? "");
    if (token === undefined || headers.authorization !== undefined || headers.cookie !== undefined)
      return { status: 400 };
    const age = Date.now() - token.bornMs;
    count.used += 1;
    if (token.used === 0) count.waiting -= 1;
    token.used += 1;
    if (age > lifeMs || (once && token.used > 1)) return expired;
    return { body: audioOf(token.name) };
  });
  const tim = behindBasic(({ query }) => {
    const name = query.get("recordingid") ?? "";
    asked.set(name, (asked.get(name) ?? 0) + 1);
    const token = `t${tokens.size}`;
    const dead = asked.get(name) === 1 && Number(name.split(" ")[1]) % stillborn === stillborn - 1;
    tokens.set(token, { name, bornMs: Date.now() - (dead ? 2 * lifeMs : 0), used: 0 });
    count.waiting += 1;
    count.mostWaiting = Math.max(count.mostWaiting, count.waiting);
    return { body: `${echo.origin}/audio?t=${token}\r\n` };
  });
  const fixture = await openFixture(tim);
  return {
    fixture,
    echo,
    count,
    asked,
    kept,
    fetch: (refs, workers) =>
      fetchAll(refs, workers, { source: fixture.source, transfer: memoryTransfer(fixture.http, kept) }),
    async [Symbol.asyncDispose]() {
      await fixture[Symbol.asyncDispose]();
      await echo[Symbol.asyncDispose]();
    },
  };
}

const refs = (count: number) => Array.from({ length: count }, (_, at) => recording(`NCS ${at}`));
const complete = ({ kept }: Stage, count: number) =>
  kept.size === count && [...kept].every(([name, body]) => body.equals(audioOf(name)));

test("three hundred recordings arrive byte for byte, each with one young token and no login at Echo", async () => {
  await using stage = await openStage({ status: 403 });
  expect(await stage.fetch(refs(300), 8)).toEqual([]);
  expect(complete(stage, 300)).toBe(true);
  expect(stage.count.mostWaiting).toBeLessThanOrEqual(8);
  expect([...stage.asked.values()].every((times) => times === 1)).toBe(true);
  expect(stage.echo.seen.every(({ headers }) => headers.authorization === undefined)).toBe(true);
});

const waysToExpire: readonly ScriptedAnswer[] = [
  { status: 401 },
  { status: 403 },
  { status: 404 },
  { status: 410 },
  { body: "<html>expired</html>", headers: { "content-type": "text/html" } },
  { body: "" },
];

test.each(waysToExpire)("tokens that die before their use (%o) cost one more each, and all arrive", async (expired) => {
  await using stage = await openStage(expired, 60_000, { stillborn: 3 });
  expect(await stage.fetch(refs(60), 8)).toEqual([]);
  expect(complete(stage, 60)).toBe(true);
  expect([...stage.asked.values()].sort()).toEqual([...Array(40).fill(1), ...Array(20).fill(2)]);
});

test("tokens that work once are never used twice", async () => {
  await using stage = await openStage({ status: 403 }, 60_000, { once: true });
  expect(await stage.fetch(refs(50), 8)).toEqual([]);
  expect(complete(stage, 50)).toBe(true);
  expect(stage.count.used).toBe(50);
});

test.each([
  [{ status: 404 }, "gone"],
  [{ status: 403 }, "forbidden"],
  [{ body: "" }, "no-recording"],
  [{ body: "<html>" }, "not-audio"],
] as const)(
  "a recording that Echo answers with %o for good is tried with one fresh link, then told as %s",
  async (answer, code) => {
    await using stage = await openStage({});
    stage.echo.play(() => answer);
    const errors = await stage.fetch(refs(1), 1);
    expect(errors.map((error) => error.code)).toEqual([code]);
    expect(stage.asked.get("NCS 0")).toBe(2);
  },
);

test("an Echo that fails is asked again, each time with a fresh token", async () => {
  await using stage = await openStage({});
  const tokens = new Set<string | null>();
  stage.echo.play(({ query }) => {
    tokens.add(query.get("t"));
    return tokens.size < 3 ? { hangUp: true } : { body: audioOf("NCS 0") };
  });
  expect(await stage.fetch(refs(1), 1)).toEqual([]);
  expect(tokens.size).toBe(3);
});
