import { expect, test } from "vitest";
import { type ErrorCode, RecordingError } from "../../../src/core/model/errors.ts";
import { heldClock } from "../../helpers/held-clock.ts";
import { never, openFixture, recording } from "./fixture.ts";

const ref = recording();
const echo = () => ({ body: "http://ECHO01:8090/x?token=secret" });
const answered = (status: number, code: ErrorCode = "http-error") =>
  new RecordingError(code, "refused", { head: { status, headers: {} } });
const ofBody = (code: ErrorCode) => answered(200, code);

test.each([answered(401), answered(403), answered(404), answered(410), ofBody("not-audio"), ofBody("empty-body")])(
  "what an expired link may look like is answered with one fresh link: %o",
  async (error) => {
    await using fixture = await openFixture(echo);
    const classified = fixture.source.classifyFailure(error, ref, 0);
    expect([classified.code, classified.verdict]).toEqual(["link-expired", "renew"]);
    expect(classified.head).toBe(error.head);
  },
);

test.each<[RecordingError, ErrorCode, RegExp]>([
  [answered(401), "forbidden", /status 401.*fresh link/],
  [answered(403), "forbidden", /status 403/],
  [answered(404), "gone", /status 404/],
  [answered(410), "gone", /status 410/],
  [ofBody("empty-body"), "no-recording", /empty body/],
  [ofBody("not-audio"), "not-audio", /refused/],
])("after the fresh link it is told as what it is: %o", async (error, code, words) => {
  await using fixture = await openFixture(echo);
  await fixture.source.link(ref, undefined, never);
  const classified = fixture.source.classifyFailure(error, ref, 1);
  expect([classified.code, classified.verdict]).toEqual([code, "give-up"]);
  expect(classified.message).toMatch(words);
  expect(classified.message).not.toContain("secret");
});

test.each([
  [answered(500, "server-error"), "Echo reports an error for tim/3/4/NCS1 (HTTP 500)."],
  [answered(503, "server-error"), "Echo reports an error for tim/3/4/NCS1 (HTTP 503)."],
  [answered(429, "rate-limited"), "Echo is limiting requests (HTTP 429)."],
] as const)("Echo's own trouble is told as Echo's: %o", async (error, message) => {
  await using fixture = await openFixture(echo);
  await fixture.source.link(ref, undefined, never);
  const { code, verdict, head } = error;
  expect(fixture.source.classifyFailure(error, ref, 0)).toMatchObject({ code, verdict, head, message });
});

test.each([
  answered(400),
  ofBody("wrong-length"),
  ofBody("bad-audio"),
  new RecordingError("reset", "x"),
  new RecordingError("timeout", "x"),
  new RecordingError("disk-full", "x"),
  new RecordingError("interrupted", "x"),
])("nothing else is the link's fault: %o", async (error) => {
  await using fixture = await openFixture(echo);
  await fixture.source.link(ref, undefined, never);
  expect(fixture.source.classifyFailure(error, ref, 0)).toBe(error);
});

test("links that are slow enough to have expired again are renewed a few times, no more", async () => {
  const clock = heldClock();
  await using fixture = await openFixture(echo, {}, clock);
  const link = await fixture.source.link(ref, undefined, never);
  await clock.advance(1_500);
  link.answered?.({ status: 403, headers: {} });
  const codes = [0, 1, 2, 3].map((renewals) => fixture.source.classifyFailure(answered(403), ref, renewals).code);
  expect(codes).toEqual(["link-expired", "link-expired", "link-expired", "forbidden"]);
});

test("an Echo that cannot be reached is named as TIM names it, with the flag that helps", async () => {
  await using fixture = await openFixture(echo, { echoRewrite: [{ from: "echo01", to: "10.0.0.5" }] });
  await fixture.source.link(ref, undefined, never);
  const error = new RecordingError("unreachable", "10.0.0.5:8090: connection refused.");
  const classified = fixture.source.classifyFailure(error, ref, 0);
  expect([classified.code, classified.verdict]).toEqual(["unreachable", "retry"]);
  expect(classified.message).toBe(
    "Echo, which TIM names echo01:8090, cannot be reached from here. 10.0.0.5:8090: connection refused. If it has another address here, give --echo-rewrite echo01:8090=HOST:PORT.",
  );
});

test("an error is classified even for a recording whose link is not known", async () => {
  await using fixture = await openFixture(echo);
  expect(fixture.source.classifyFailure(answered(403), ref, 1).code).toBe("forbidden");
  expect(fixture.source.classifyFailure(new RecordingError("unreachable", "x."), ref, 1).message).toContain(
    "--echo-rewrite",
  );
});
