import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openRingCentralSandbox, type RingCentralSandbox } from "../../../src/sandbox/ringcentral/index.ts";
import { type Body, clientOf, codeOf } from "./client.ts";

let sandbox: RingCentralSandbox;
let client: ReturnType<typeof clientOf>;
let id = "";
let whole: Buffer;
beforeEach(async () => {
  sandbox = await openRingCentralSandbox({ settings: { limits: { heavy: { limit: 10_000 } } } });
  client = clientOf(sandbox);
  await client.login();
  id = sandbox.recordings()[0]!.id;
  whole = sandbox.audioOf(id);
});
afterEach(() => sandbox.close());

const bytesOf = async (answer: Response) => Buffer.from(await answer.arrayBuffer());

describe("recording content", () => {
  it("is served whole, as the type and under the name that were set", async () => {
    const mp3 = await client.content(id, {}, "?contentDisposition=Inline&contentDispositionFilename=caf%C3%A9.mp3");
    expect(mp3.headers.get("content-type")).toBe("audio/mpeg");
    expect(mp3.headers.get("content-length")).toBe(String(whole.length));
    expect(mp3.headers.get("content-disposition")).toBe(`inline; filename="caf_.mp3"; filename*=UTF-8''caf%C3%A9.mp3`);
    expect((await bytesOf(mp3)).equals(whole)).toBe(true);
    sandbox.settings.content.type = "audio/x-wav";
    const wav = await client.content(id);
    expect(wav.headers.get("content-type")).toBe("audio/x-wav");
    expect((await bytesOf(wav)).toString("latin1", 0, 4)).toBe("RIFF");
    sandbox.settings.content.length = "chunked";
    expect((await client.content(id)).headers.get("content-length")).toBeNull();
  });

  it.skipIf(spawnSync("ffprobe", ["-version"]).status !== 0)(
    "lasts as long as the metadata says (needs Debian's ffmpeg)",
    async () => {
      const { duration, contentType } = await client.json(`/recording/${id}`);
      expect(contentType).toBe("audio/mpeg");
      const folder = mkdtempSync(join(tmpdir(), "sandbox-content-"));
      const path = join(folder, "call.mp3");
      writeFileSync(path, whole);
      const args = ["-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0", path];
      const probed = spawnSync("ffprobe", args, { encoding: "utf8" });
      rmSync(folder, { recursive: true });
      expect(Math.abs(Number(probed.stdout) - duration)).toBeLessThan(0.5);
    },
  );

  it("is only on the media host", async () => {
    const answer = await client.get(`/recording/${id}/content`);
    expect([answer.status, await codeOf(answer)]).toEqual([404, "CMN-120"]);
  });

  it("comes in ranges, and refuses one that begins at the end", async () => {
    const answer = await client.content(id, { Range: "bytes=100-199" });
    expect([answer.status, answer.headers.get("content-range")]).toEqual([206, `bytes 100-199/${whole.length}`]);
    expect((await bytesOf(answer)).equals(whole.subarray(100, 200))).toBe(true);
    const rest = await client.content(id, { Range: `bytes=${whole.length - 5}-` });
    expect((await bytesOf(rest)).length).toBe(5);
    const tail = await client.content(id, { Range: "bytes=-7" });
    expect((await bytesOf(tail)).equals(whole.subarray(-7))).toBe(true);
    const beyond = await client.content(id, { Range: `bytes=${whole.length}-` });
    expect([beyond.status, await codeOf(beyond)]).toEqual([416, "CMN-107"]);
    expect(beyond.headers.get("content-range")).toBe(`bytes */${whole.length}`);
    sandbox.settings.content.range = "ignored";
    expect((await client.content(id, { Range: "bytes=100-199" })).status).toBe(200);
  });

  it("honours If-Range with the strong tag, and sends all once the recording changed", async () => {
    const etag = (await client.content(id)).headers.get("etag") ?? "";
    const range = { Range: "bytes=9-", "If-Range": etag };
    expect((await client.content(id, range)).status).toBe(206);
    sandbox.settings.content.revision = "2";
    const changed = await client.content(id, range);
    expect(changed.status).toBe(200);
    expect((await bytesOf(changed)).equals(whole)).toBe(false);
    sandbox.settings.content.etag = "none";
    expect((await client.content(id)).headers.get("etag")).toBeNull();
  });

  it("is gone when deleted or too old, late when not ready, and forbidden for one recording", async () => {
    const { content } = sandbox.settings;
    content.forbidden = { ids: [id] };
    expect(await codeOf(await client.content(id))).toBe("CMN-408");
    content.forbidden = "none";
    content.deleted = { ids: [id] };
    const gone: Body = await (await client.content(id)).json();
    expect(gone).toMatchObject({ errorCode: "InvalidParameter", errors: [{ errorCode: "CMN-102" }] });
    content.deleted = "none";
    content.notReady = { chosen: "all", afterSeconds: 20 * 86_400 };
    expect((await client.content(id)).status).toBe(404);
    sandbox.clock.advance(20 * 86_400_000);
    await client.login();
    expect((await client.content(id)).status).toBe(200);
    sandbox.clock.advance(91 * 86_400_000);
    await client.login();
    expect((await client.content(id)).status).toBe(404);
  });

  it.each([
    ["recordingId", "CMN-102", "recordingId"],
    ["callRecordingId", "CMN-102", "callRecordingId"],
    ["accountId", "CMN-102", "accountId"],
  ] as const)("names %s when it is missing", async (missing, errorCode, parameterName) => {
    Object.assign(sandbox.settings.content, { missing, deleted: "all" });
    const answer: Body = await (await client.content(id)).json();
    expect(answer.errors).toEqual([expect.objectContaining({ errorCode, parameterName })]);
  });

  it.each([
    ["html", "text/html", /nginx/],
    ["empty", null, /^$/],
  ] as const)("is missing behind a gateway's %s page", async (missing, type, body) => {
    Object.assign(sandbox.settings.content, { missing, deleted: "all" });
    const answer = await client.content(id);
    expect([answer.status, answer.headers.get("content-type")]).toEqual([404, type]);
    expect(await answer.text()).toMatch(body);
  });

  it("is refused where the account withholds recordings, though its log is open", async () => {
    sandbox.settings.withheldPermissions = ["ReadCallRecording"];
    expect((await client.get("/call-log")).status).toBe(200);
    const refusal: Body = await (await client.content(id)).json();
    expect(refusal).toMatchObject({ errorCode: "CMN-408", permissionName: "ReadCallRecording" });
    const check = await client.json("/extension/~/authz-profile/check?permissionId=ReadCallRecording");
    expect(check.successful).toBe(false);
  });

  it("is each user's own: an agent gets no colleague's recording", async () => {
    await client.login(sandbox.users[1]!.jwt);
    const answers = await Promise.all(sandbox.recordings().map((recording) => client.content(recording.id)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200, 403]));
  });

  it("refuses HEAD, unless told to answer it", async () => {
    const url = `${sandbox.mediaUrl}/restapi/v1.0/account/~/recording/${id}/content`;
    const headers = { Authorization: `Bearer ${client.token()}` };
    expect((await fetch(url, { method: "HEAD", headers })).status).toBe(405);
    sandbox.settings.content.head = "allowed";
    const answer = await fetch(url, { method: "HEAD", headers });
    expect([answer.status, answer.headers.get("content-length")]).toEqual([200, String(whole.length)]);
  });

  it("is counted for each recording", async () => {
    await bytesOf(await client.content(id));
    await bytesOf(await client.content(id, { Range: "bytes=5-" }));
    expect(sandbox.stats().downloads).toEqual({ [id]: { started: 2, whole: 1, ranges: 1 } });
  });
});
