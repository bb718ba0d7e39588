import { readFileSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { join } from "node:path";
import zlib from "node:zlib";
import { describe, expect, it } from "vitest";
import { smallWav } from "../helpers/calls-server.ts";
import { runHere } from "../helpers/run-here.ts";
import { openScriptedServer } from "../helpers/scripted-server.ts";
import { type Answer, openRingCentralSystem, openTimSystem, type System } from "./two-systems.ts";

const csv = "datasource,voicelocation,voicefilename\n3,4,NCS0001\n";
const encoders = { gzip: zlib.gzipSync, deflate: zlib.deflateRawSync, br: zlib.brotliCompressSync };

function compressed(
  response: ServerResponse,
  name: keyof typeof encoders,
  body: string | Uint8Array,
  type: string,
): void {
  const bytes = encoders[name](body);
  response
    .writeHead(200, { "content-type": type, "content-encoding": name, "content-length": bytes.length })
    .end(bytes);
}

async function download(system: System, ...args: string[]) {
  const rows = args.length > 0 ? args : ["--rows", system.file("c.csv", csv)];
  return runHere(["download", ...rows, "-d", system.archive, "-R", "1"], { env: system.env });
}

function bytesHeld(system: System): Buffer {
  const [path = ""] = system.held();
  return readFileSync(join(system.archive, path));
}

describe("compressed although nobody asked for it", () => {
  it.each(["gzip", "deflate", "br"] as const)("%s: audio and token answers are decoded", async (name) => {
    await using tim = await openTimSystem();
    tim.token = ({ headers }, response, id) =>
      compressed(response, name, `http://${headers.host}/echo/${id}`, "text/plain");
    tim.audio = (_, response, id) => compressed(response, name, smallWav(id), "audio/wav");
    expect((await download(tim)).code).toBe(0);
    expect(bytesHeld(tim).equals(smallWav("NCS0001"))).toBe(true);
  });

  it("cut in the middle: nothing is kept that looks finished, and the next try brings all", async () => {
    await using rc = await openRingCentralSystem();
    let cut = true;
    rc.audio = (_, response, id) => {
      const bytes = zlib.gzipSync(smallWav(id));
      response.writeHead(200, { "content-type": "audio/wav", "content-encoding": "gzip" });
      response.end(cut ? bytes.subarray(0, bytes.length - 9) : bytes);
    };
    const first = await download(rc, "401786810001");
    expect([first.code, rc.held()]).toEqual([3, []]);
    cut = false;
    expect((await download(rc, "401786810001")).code).toBe(0);
    expect(bytesHeld(rc).equals(smallWav("401786810001"))).toBe(true);
  });
});

describe("a redirect to a storage host", () => {
  it("whose address has expired is asked for anew, without the login", async () => {
    await using rc = await openRingCentralSystem();
    const seen: (string | undefined)[] = [];
    await using storage = await openScriptedServer(({ url, headers }) => {
      seen.push(headers.authorization);
      if (url === "/a") return { status: 302, headers: { location: "/b" } };
      if (seen.length < 3) return { status: 403, headers: { "content-type": "application/xml" }, body: "<Error/>" };
      return { headers: { "content-type": "audio/wav" }, body: smallWav("x") };
    });
    rc.audio = (_, response) => void response.writeHead(302, { location: `${storage.origin}/a` }).end();
    const { code, err } = await download(rc, "401786810001");
    expect(code, err).toBe(0);
    expect(seen).toEqual([undefined, undefined, undefined, undefined]);
    expect(rc.asked.filter((id) => id !== "")).toHaveLength(2);
  });

  it("that has nothing there is no word of RingCentral: never gone", async () => {
    await using rc = await openRingCentralSystem();
    const body = { errorCode: "CMN-102", errors: [{ errorCode: "CMN-102", parameterName: "recordingId" }] };
    await using storage = await openScriptedServer(() => ({ status: 404, body }));
    rc.audio = (_, response) => void response.writeHead(302, { location: `${storage.origin}/a` }).end();
    const { code, err } = await download(rc, "401786810001");
    expect(code, err).toBe(3);
    const status = await runHere(["list", "--archive", "-d", rc.archive, "--json"], { env: rc.env });
    expect(status.out).not.toContain('"gone"');
  });
});

it("a second TIM login that is refused stops the run after one request with it", async () => {
  await using tim = await openTimSystem();
  const ids = Array.from({ length: 20 }, (_, at) => `3,4,NCS${at}`);
  const rows = tim.file("c.csv", ["datasource,voicelocation,voicefilename", ...ids].join("\n"));
  let refusals = 0;
  const token: Answer = ({ headers }, response, id) => {
    const login = Buffer.from(headers.authorization?.slice("Basic ".length) ?? "", "base64").toString();
    if (login === "archive:p") return void response.end(`http://${headers.host}/echo/${id}`);
    refusals += 1;
    response.writeHead(401, { "www-authenticate": 'Basic realm="TIM"' }).end();
  };
  tim.token = token;
  const config = tim.file(
    "config.json",
    JSON.stringify({ profiles: { a: { "tim-user": "archive" }, b: { "tim-user": "other" } } }),
  );
  const { TIM_USERNAME: _, ...env } = tim.env;
  const args = ["download", "--rows", rows, "-d", tim.archive, "--profile", "a", "--profile", "b", "--config", config];
  const { code, err } = await runHere(args, { env });
  expect(code, err).toBe(7);
  expect(refusals).toBe(1);
});

it("a token answer that leads to a metadata address is refused, and nothing is asked there", async () => {
  await using tim = await openTimSystem();
  for (const url of ["http://169.254.169.254/latest", "http://0xa9fea9fe/x", "http://[::ffff:169.254.169.254]/"]) {
    tim.token = (_, response) => response.end(url);
    const { code, err } = await download(tim);
    expect(code, err).toBe(3);
    expect(err).toContain("link-local or metadata address");
  }
});
