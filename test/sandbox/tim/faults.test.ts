import { afterAll, beforeEach, describe, expect, test } from "vitest";
import type { Fault } from "../../../src/sandbox/tim/faults.ts";
import { defaultTimSettings } from "../../../src/sandbox/tim/site-settings.ts";
import { ask, askToken, openSmallTim, tokenUrl } from "./client.ts";

const tim = await openSmallTim();
const [call, other] = [tim.recordings()[0]!, tim.recordings()[1]!];
const { settings } = tim;
const statuses = async (times: number) => {
  const heard: number[] = [];
  for (let time = 0; time < times; time++) heard.push((await askToken(tim)).status);
  return heard;
};

beforeEach(() => {
  Object.assign(settings, defaultTimSettings());
  tim.clearStats();
});
afterAll(() => tim.close());

describe("at TIM", () => {
  test("the n-th request fails, as often as it was said", async () => {
    settings.faults = [{ on: "tim", do: "status", status: 503, from: 2, times: 2, retryAfter: "7" }];
    expect(await statuses(4)).toEqual([200, 503, 503, 200]);
  });

  test("times 0 means for ever, and Retry-After is told", async () => {
    settings.faults = [{ on: "tim", do: "status", status: 429, retryAfter: "7", times: 0 }];
    expect(await statuses(3)).toEqual([429, 429, 429]);
    expect((await askToken(tim)).headers["retry-after"]).toBe("7");
  });

  test("a fault can be for one recording only", async () => {
    settings.faults = [{ on: "tim", do: "status", status: 500, recording: other.voicefilename, times: 0 }];
    expect((await askToken(tim, call)).status).toBe(200);
    expect((await askToken(tim, other)).status).toBe(500);
  });

  test("a page, an object or nothing comes instead of the URL", async () => {
    settings.faults = (["html", "json", "empty"] as const).map((kind, index) => ({
      on: "tim",
      do: kind,
      from: index + 1,
    }));
    const [page, object, nothing] = [await askToken(tim), await askToken(tim), await askToken(tim)];
    expect(page.text).toContain("<html>");
    expect(JSON.parse(object.text)).toEqual({ error: "internal" });
    expect(nothing).toMatchObject({ status: 200, text: "" });
  });

  test("the connection breaks, and the next request works", async () => {
    settings.faults = [{ on: "tim", do: "reset" }];
    await expect(askToken(tim)).rejects.toThrow(/ECONNRESET|hang up/);
    expect(await statuses(1)).toEqual([200]);
  });

  test("the URL itself breaks off in the middle", async () => {
    settings.faults = [
      { on: "tim", do: "reset-body", bytes: 10 },
      { on: "tim", do: "cut-body", bytes: 10, from: 2 },
    ];
    expect(await askToken(tim)).toMatchObject({ broke: true, text: "http://127" });
    expect(await askToken(tim)).toMatchObject({ broke: false, text: "http://127" });
    expect((await ask(await tokenUrl(tim))).status).toBe(200);
  });

  test("a late answer hands out a token that is already old by the sandbox's clock", async () => {
    settings.faults = [{ on: "tim", do: "delay", ms: 30, advanceMs: 61_000 }];
    const before = [performance.now(), tim.clock.now()] as const;
    const url = await tokenUrl(tim);
    expect(performance.now() - before[0]).toBeGreaterThanOrEqual(29);
    expect(tim.clock.now() - before[1]).toBeGreaterThan(61_000);
    expect((await ask(url)).status).toBe(200);
  });

  test("a request that never gets an answer does not keep the sandbox from closing", async () => {
    const own = await openSmallTim({ settings: { faults: [{ on: "tim", do: "hang" }] } });
    const pending = askToken(own);
    const ended = expect(pending).rejects.toThrow();
    await expect.poll(() => Object.keys(own.stats().tokenRequests).length).toBe(1);
    await own.close();
    await ended;
  });

  test("every answer and every new connection can be slow", async () => {
    Object.assign(settings, { acceptDelayMs: 40 });
    settings.voice.delayMs = 40;
    const before = performance.now();
    expect(await statuses(1)).toEqual([200]);
    expect(performance.now() - before).toBeGreaterThanOrEqual(78);
  });
});

describe("in the body", () => {
  const fetchWith = async (fault: Omit<Fault, "on">) => {
    settings.faults = [{ on: "echo", ...fault }];
    return ask(await tokenUrl(tim));
  };
  const whole = () => tim.audioOf(call.voicefilename);

  test.each(["reset-body", "end-body"] as const)("%s: less arrives than was announced", async (kind) => {
    const { broke, headers, body } = await fetchWith({ do: kind, bytes: 1_000 });
    expect(broke).toBe(true);
    expect(Number(headers["content-length"])).toBe(whole().length);
    expect(body).toEqual(whole().subarray(0, 1_000));
    expect(tim.stats().served).toEqual({});
  });

  test("cut-body: a truncated recording announces its own short length", async () => {
    const { broke, headers, body } = await fetchWith({ do: "cut-body", bytes: 1_000 });
    expect(broke).toBe(false);
    expect(headers["content-length"]).toBe("1000");
    expect(body).toEqual(whole().subarray(0, 1_000));
    expect(tim.stats().served).toEqual({});
  });

  test("end-body without a length: the end of the chunks never comes", async () => {
    settings.echo.length = "chunked";
    const { broke, body } = await fetchWith({ do: "end-body" });
    expect(broke).toBe(true);
    expect(body).toEqual(whole().subarray(0, Math.floor(whole().length / 2)));
  });

  test("stall-body: the rest comes later, unless somebody loses patience", async () => {
    const before = performance.now();
    const { body } = await fetchWith({ do: "stall-body", ms: 80, bytes: 0 });
    expect(performance.now() - before).toBeGreaterThanOrEqual(79);
    expect(body).toEqual(whole());
  });

  test("503 at Echo leaves the token alive", async () => {
    settings.faults = [{ on: "echo", do: "status", status: 503, retryAfter: "1" }];
    const url = await tokenUrl(tim);
    expect((await ask(url)).status).toBe(503);
    expect((await ask(url)).status).toBe(200);
  });
});

test("a slow pace drips the bytes in", async () => {
  settings.echo.bytesPerSecond = 5 * tim.audioOf(call.voicefilename).length;
  const before = performance.now();
  expect((await ask(await tokenUrl(tim))).body).toEqual(tim.audioOf(call.voicefilename));
  expect(performance.now() - before).toBeGreaterThanOrEqual(150);
});
