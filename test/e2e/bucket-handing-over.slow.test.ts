import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { start, until } from "../helpers/bin.ts";
import { type BucketProxy, openBucketProxy } from "../helpers/bucket-proxy.ts";
import { runHere } from "../helpers/run-here.ts";
import { describeOnCeph } from "../helpers/shared-ceph.ts";
import { launchChromium, visitPage } from "../player/chromium.ts";
import { eventsOf, openTimWorld, sha256, type TimWorld } from "./tim-world.ts";

describeOnCeph("an archive in a bucket of Ceph", { calls: {} }, (ceph) => {
  let proxy: BucketProxy;
  beforeAll(async () => {
    proxy = await openBucketProxy(ceph.endpoint);
  });
  afterAll(async () => {
    await proxy?.[Symbol.asyncDispose]();
  });

  const inBucket = (world: TimWorld, ...args: readonly string[]) =>
    [[...args, "--s3-endpoint", proxy.endpoint], { env: { ...world.env, ...ceph.env }, cwd: world.home }] as const;

  async function downloaded(calls: number, dest: string): Promise<TimWorld> {
    const world = await openTimWorld(calls);
    const { code, err } = await runHere(...inBucket(world, "download", "-s", "tim", "-r", world.csv, "-d", dest));
    expect([code, err]).toEqual([0, expect.stringContaining("Done in")]);
    return world;
  }

  async function wavsIn(prefix: string): Promise<string[]> {
    const xml = await (await ceph.send("GET", `calls?list-type=2&prefix=${prefix}/`)).text();
    return [...xml.matchAll(/<Key>([^<]*\.wav)<\/Key>/g)].map(([, key]) => key as string);
  }

  const encoded = (key: string) => key.split("/").map(encodeURIComponent).join("/");
  const hashesOf = (world: TimWorld) =>
    new Set(world.tim.recordings().map(({ voicefilename }) => sha256(world.tim.audioOf(voicefilename))));

  test("export takes bags, plain folders and vCons from it, and hands over nothing that is damaged", async () => {
    await using world = await downloaded(4, "s3://calls/exported");
    const place = ["-d", "s3://calls/exported"];
    const hashes = hashesOf(world);

    const bag = await runHere(...inBucket(world, "export", "--bagit", "bag", ...place));
    expect([bag.code, bag.err]).toEqual([0, expect.stringMatching(/^4 recordings, .*written to/)]);
    const manifest = readFileSync(join(world.home, "bag", "manifest-sha256.txt"), "utf8")
      .trim()
      .split("\n");
    expect(new Set(manifest.map((line) => line.slice(0, 64)))).toEqual(hashes);
    for (const line of manifest) {
      expect(sha256(readFileSync(join(world.home, "bag", line.slice(66))))).toBe(line.slice(0, 64));
    }
    const plain = await runHere(...inBucket(world, "export", "--plain", "plain", ...place));
    expect([plain.code, readdirSync(join(world.home, "plain")).sort()]).toEqual([
      0,
      ["SHA256SUMS", "index.csv", "tim"],
    ]);
    const vcon = await runHere(...inBucket(world, "export", "--vcon", "vcons", ...place));
    expect([vcon.code, vcon.err]).toEqual([0, expect.stringMatching(/^4 recordings/)]);
    const bodies = readdirSync(join(world.home, "vcons")).flatMap(
      (name) =>
        (JSON.parse(readFileSync(join(world.home, "vcons", name), "utf8")) as { dialog: { body: string }[] }).dialog,
    );
    expect(new Set(bodies.map(({ body }) => sha256(Buffer.from(body, "base64url"))))).toEqual(hashes);
    const link = await runHere(...inBucket(world, "export", "--plain", "linked", "--link", ...place));
    expect([link.code, link.err]).toEqual([2, expect.stringContaining("--link needs an archive in a folder")]);

    const [first = "", second = ""] = await wavsIn("exported");
    await ceph.send("PUT", `calls/${encoded(first)}`, {}, "other bytes");
    await ceph.send("DELETE", `calls/${encoded(second)}`);
    for (const flag of ["--bagit", "--plain", "--vcon"]) {
      const refused = await runHere(...inBucket(world, "export", flag, "refused", ...place));
      expect([flag, refused.code, refused.err]).toEqual([flag, 6, expect.stringContaining("nothing was written")]);
      expect(refused.out).toMatch(/missing: .*\nchanged: |changed: .*\nmissing: /);
    }
    expect(readdirSync(world.home).filter((name) => name.startsWith("refused"))).toEqual([]);
  });

  test("serve plays it, whole and in ranges, behind its key and with its audit line, and draws its waveform", async () => {
    await using world = await downloaded(3, "s3://calls/played");
    const args = ["serve", "-d", "s3://calls/played", "--port", "0"];
    const player = start(...inBucket(world, ...args));
    const entrance = await until(() => /http:\S+/.exec(player.out())?.[0], "the player's address");
    const base = new URL(entrance).origin;
    const entered = await fetch(entrance, { redirect: "manual" });
    const headers = {
      cookie: entered.headers
        .getSetCookie()
        .map((each) => each.split(";")[0])
        .join("; "),
    };
    const list = (await (await fetch(`${base}/api/recordings`, { headers })).json()) as {
      recordings: { key: string }[];
    };
    expect(list.recordings).toHaveLength(3);
    const [{ key } = { key: "" }] = list.recordings;
    const url = `${base}/r/${key}`;
    expect((await fetch(url)).status).toBeGreaterThanOrEqual(401);
    const whole = await fetch(url, { headers });
    const audio = Buffer.from(await whole.arrayBuffer());
    expect(hashesOf(world).has(sha256(audio))).toBe(true);
    expect([whole.status, whole.headers.get("etag")]).toEqual([200, `"${sha256(audio)}"`]);

    proxy.seen.length = 0;
    const part = await fetch(url, { headers: { ...headers, range: "bytes=1000-1999" } });
    expect([part.status, part.headers.get("content-range")]).toEqual([206, `bytes 1000-1999/${audio.length}`]);
    expect(Buffer.from(await part.arrayBuffer()).equals(audio.subarray(1000, 2000))).toBe(true);
    expect(proxy.seen.filter((line) => line.startsWith("GET"))).toEqual([
      expect.stringMatching(/^GET \/calls\/played\/\S+\.wav bytes=1000-1999$/),
    ]);
    expect((await fetch(url, { headers: { ...headers, range: "bytes=99999999-" } })).status).toBe(416);
    const head = await fetch(url, { method: "HEAD", headers });
    expect([head.status, head.headers.get("content-length")]).toEqual([200, String(audio.length)]);
    const peaks = (await (await fetch(`${base}/api/peaks/${key}`, { headers })).json()) as { peaks: number[] };
    expect(Math.max(...peaks.peaks)).toBeGreaterThan(0);

    const all = await wavsIn("played");
    for (const each of all) await ceph.send("DELETE", `calls/${encoded(each)}`);
    expect((await fetch(url, { headers })).status).toBe(404);
    player.child.kill("SIGTERM");
    expect((await player.finished).code).toBe(0);
    const audits = eventsOf((await runHere(...inBucket(world, "audit", "-d", "s3://calls/played", "--json"))).out);
    expect(audits.filter(({ action }) => action === "playback")).toEqual([expect.objectContaining({ key })]);
  });

  test("serve --presigned sends whom it let in on to the store, for one recording and a while, and notes it; no log has the URL", async () => {
    await using world = await downloaded(2, "s3://calls/presigned");
    const log = join(world.home, "serve.log");
    const args = ["serve", "-d", "s3://calls/presigned", "--port", "0", "--presigned", "-vv", "--log-file", log];
    const player = start(...inBucket(world, ...args));
    const entrance = await until(() => /http:\S+/.exec(player.out())?.[0], "the player's address");
    const { origin: base } = new URL(entrance);
    const key = `tim/${timPath(world)}`;
    const turned = await fetch(`${base}/r/${key}`, { redirect: "manual" });
    expect([turned.status, turned.headers.get("location")]).toEqual([401, null]);
    const entered = await fetch(entrance, { redirect: "manual" });
    const headers = {
      cookie: entered.headers
        .getSetCookie()
        .map((each) => each.split(";")[0])
        .join("; "),
    };
    const sent = await fetch(`${base}/r/${key}?download`, { headers, redirect: "manual" });
    const location = new URL(sent.headers.get("location") ?? "");
    expect([sent.status, sent.headers.get("cache-control"), location.origin]).toEqual([
      302,
      "no-store",
      proxy.endpoint,
    ]);
    expect(Number(location.searchParams.get("X-Amz-Expires"))).toBeGreaterThan(900);
    expect(Number(location.searchParams.get("X-Amz-Expires"))).toBeLessThan(3600);
    const whole = await fetch(location);
    expect(whole.headers.get("content-disposition")).toMatch(/^attachment; ?filename/);
    const audio = Buffer.from(await whole.arrayBuffer());
    expect(sha256(audio)).toBe(sha256(world.tim.audioOf(world.tim.recordings()[0]?.voicefilename ?? "")));
    const part = await fetch(location, { headers: { range: "bytes=10-19" } });
    expect([part.status, (await part.arrayBuffer()).byteLength]).toEqual([206, 10]);
    const [other = ""] = (await wavsIn("presigned")).filter((each) => !location.pathname.endsWith(encoded(each)));
    expect((await fetch(new URL(`/calls/${encoded(other)}${location.search}`, location))).status).toBe(403);
    expect((await fetch(location, { method: "DELETE" })).status).toBe(403);

    await using browser = await launchChromium();
    const visit = await visitPage(browser, entrance);
    await visit.page.locator("audio").evaluate((element: HTMLAudioElement, src) => {
      element.src = src;
    }, `/r/${key}`);
    await visit.page.waitForFunction(() => (document.querySelector("audio")?.duration ?? 0) > 0);
    expect([visit.complaints, visit.hosts.has(new URL(proxy.endpoint).host)]).toEqual([[], true]);

    for (const each of await wavsIn("presigned")) await ceph.send("DELETE", `calls/${encoded(each)}`);
    expect((await fetch(`${base}/r/${key}`, { headers, redirect: "manual" })).status).toBe(404);
    player.child.kill("SIGTERM");
    await player.finished;
    expect(player.out() + player.err() + readFileSync(log, "utf8")).not.toMatch(/X-Amz-|Signature=/i);
    const audits = eventsOf((await runHere(...inBucket(world, "audit", "-d", "s3://calls/presigned", "--json"))).out);
    expect(new Set(audits.map(({ action, key: of }) => `${action} ${of}`))).toContain(`playback ${key}`);
    const refused = await runHere(["serve", "-d", world.archive, "--presigned"], { env: world.env });
    expect([refused.code, refused.err]).toEqual([
      2,
      expect.stringContaining("--presigned needs an archive in a bucket"),
    ]);
  });

  const timPath = (world: TimWorld) => {
    const [{ datasource, voicelocation, voicefilename } = { datasource: 0, voicelocation: 0, voicefilename: "" }] =
      world.tim.recordings();
    return encoded(`${datasource}/${voicelocation}/${voicefilename}`);
  };

  test("serve fetches into it what a listener misses", async () => {
    await using world = await openTimWorld(2);
    const place = ["-d", "s3://calls/fetched"];
    const player = start(...inBucket(world, "serve", ...place, "--port", "0"));
    const entrance = await until(() => /http:\S+/.exec(player.out())?.[0], "the player's address");
    const entered = await fetch(entrance, { redirect: "manual" });
    const headers = {
      cookie: entered.headers
        .getSetCookie()
        .map((each) => each.split(";")[0])
        .join("; "),
    };
    const url = `${new URL(entrance).origin}/r/tim/${timPath(world)}`;
    const audio = Buffer.from(await (await fetch(url, { headers })).arrayBuffer());
    expect(sha256(audio)).toBe(sha256(world.tim.audioOf(world.tim.recordings()[0]?.voicefilename ?? "")));
    player.child.kill("SIGTERM");
    await player.finished;
    expect(await wavsIn("fetched")).toHaveLength(1);
    expect((await runHere(...inBucket(world, "verify", "-d", "s3://calls/fetched"))).code).toBe(0);
  });
});
