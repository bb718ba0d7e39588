import { createHash } from "node:crypto";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openRudeBucket, type RudeBucket, refuse } from "../helpers/rude-bucket.ts";
import { runHere } from "../helpers/run-here.ts";
import { openTimWorld, type TimWorld } from "./tim-world.ts";

const keys = { AWS_ACCESS_KEY_ID: "owner", AWS_SECRET_ACCESS_KEY: "a-secret-that-nobody-sees" };

function download(world: TimWorld, { endpoint }: RudeBucket, more: readonly string[] = []) {
  const place = ["-d", "s3://calls/rude", "--s3-endpoint", endpoint, "-R", "2"];
  return runHere(["download", "-s", "tim", "-r", world.csv, ...place, ...more], { env: { ...world.env, ...keys } });
}

/** Every recording stands there once, with its own bytes and key. */
function mustHoldAll(world: TimWorld, { objects }: RudeBucket): void {
  const wanted = new Map(
    world.tim.recordings().map(({ voicefilename }) => [hashOf(world.tim.audioOf(voicefilename)), voicefilename]),
  );
  const held = [...objects].filter(([key]) => key.endsWith(".wav"));
  for (const [, { body, headers }] of held) {
    expect(headers["x-amz-meta-callreel-key"]).toContain(encodeURIComponent(wanted.get(hashOf(body)) ?? "nothing"));
  }
  expect(new Set(held.map(([, { body }]) => hashOf(body)))).toEqual(new Set(wanted.keys()));
}

function isAudio({ method, key }: { method: string; key: string }): boolean {
  return method === "PUT" && key.endsWith(".wav");
}

test.each<[string, (bucket: RudeBucket) => void]>([
  [
    "a store that is busy (503 SlowDown)",
    (bucket) => {
      bucket.rudeness = (request, response) => {
        if (!isAudio(request) || bucket.seen.filter(({ key }) => key === request.key).length > 1) return false;
        refuse(response, 503, "SlowDown");
        return true;
      };
    },
  ],
  [
    "an error in an answer of 200",
    (bucket) => {
      bucket.rudeness = (request, response) => {
        if (!isAudio(request) || bucket.seen.filter(({ key }) => key === request.key).length > 1) return false;
        refuse(response, 200, "InternalError");
        return true;
      };
    },
  ],
  [
    "a connection that is cut after the PUT was taken",
    (bucket) => {
      bucket.rudeness = (request, response, store) => {
        if (!isAudio(request) || bucket.objects.has(request.key)) return false;
        store();
        response.destroy();
        return true;
      };
    },
  ],
  [
    "a store that ignores If-None-Match",
    (bucket) => {
      bucket.rudeness = (request, response, store) => {
        if (request.method !== "PUT") return false;
        store();
        response.end();
        return true;
      };
    },
  ],
])("brings every recording in spite of %s", async (_, play) => {
  await using world = await openTimWorld(4);
  await using bucket = await openRudeBucket();
  play(bucket);
  const { code, err } = await download(world, bucket);
  expect([code, err]).toEqual([0, expect.stringContaining("Done in")]);
  mustHoldAll(world, bucket);
});

test("overwrites nothing where a store ignores If-None-Match", async () => {
  await using world = await openTimWorld(3);
  await using bucket = await openRudeBucket();
  bucket.rudeness = (request, response, store) => {
    if (request.method !== "PUT") return false;
    store();
    response.end();
    return true;
  };
  expect((await download(world, bucket, ["--max-downloads", "1"])).code).toBe(8);
  const standing = new Map(bucket.objects);
  bucket.seen.length = 0;
  // What a run of another ledger left there under the next names.
  const names = [...standing.keys()].filter((key) => key.endsWith(".wav"));
  const { code } = await download(world, bucket);
  expect(code).toBe(0);
  for (const name of names)
    expect(bucket.seen.filter((each) => each.method === "PUT" && each.key === name)).toEqual([]);
  const asked = bucket.seen.filter(({ method, key }) => method === "HEAD" && key.endsWith(".wav"));
  // Each once before its PUT, and once after.
  expect(asked.length).toBe(2 * bucket.seen.filter(isAudio).length);
});

test("asks nothing more of a store that has named the MD5 of what it took", async () => {
  await using world = await openTimWorld(3);
  await using bucket = await openRudeBucket();
  expect((await download(world, bucket)).code).toBe(0);
  mustHoldAll(world, bucket);
  expect(bucket.seen.filter(({ method, key }) => method === "HEAD" && key.endsWith(".wav"))).toEqual([]);
});

test("a web page in place of a store is told as such, also where a lock is asked for", async () => {
  await using world = await openTimWorld(1);
  await using bucket = await openRudeBucket();
  bucket.rudeness = (_, response) => {
    response.end("<!doctype html><title>Sign in</title>");
    return true;
  };
  const ended = await download(world, bucket, ["--s3-object-lock", "compliance:1d"]);
  expect([ended.code, ended.err]).toEqual([5, expect.stringContaining("does not speak S3")]);
});

test.each([
  [200, /warning +bucket privacy: anybody who reaches the store can read/i],
  [403, /ok +bucket privacy: nothing is read without a key/],
  [404, /skipped +bucket privacy: the store answers 404/],
])("doctor tells what a store lets anybody read who has no key: %i", async (status, says) => {
  await using world = await openTimWorld(1);
  await using bucket = await openRudeBucket();
  bucket.rudeness = ({ query, headers }, response) => {
    if (query.has("list-type")) response.end("<ListBucketResult></ListBucketResult>");
    else if (headers.authorization === undefined && status !== 200) refuse(response, status, "AccessDenied");
    else return false;
    return true;
  };
  const place = ["-d", "s3://calls/open", "--s3-endpoint", bucket.endpoint];
  const { out } = await runHere(["doctor", "-s", "tim", ...place], { env: { ...world.env, ...keys } });
  expect(out).toMatch(says);
});

const bomb = `<!DOCTYPE a [${'<!ENTITY b "bbbbbbbbbb">'.repeat(3000)}]><Error><Code>&b;&b;&b;</Code></Error>`;

test.each<[string, number, string, (bucket: RudeBucket) => void]>([
  [
    "a redirect to another region",
    2,
    "give --s3-region eu-west-7",
    (bucket) => {
      bucket.rudeness = (_, response) => {
        response.writeHead(301, { "x-amz-bucket-region": "eu-west-7", location: "https://evil.example/" });
        response.end();
        return true;
      };
    },
  ],
  [
    "a redirect to another host (307)",
    2,
    "it names elsewhere.example",
    (bucket) => {
      bucket.rudeness = (_, response) => {
        response.writeHead(307, { location: "https://elsewhere.example/calls" });
        response.end();
        return true;
      };
    },
  ],
  [
    "a region that is told in the error alone",
    2,
    "give --s3-region eu-central-1",
    (bucket) => {
      bucket.rudeness = (_, response) => {
        refuse(response, 400, "AuthorizationHeaderMalformed", "<Region>eu-central-1</Region>");
        return true;
      };
    },
  ],
  [
    "an XML bomb",
    7,
    "permission denied",
    (bucket) => {
      bucket.rudeness = (_, response) => {
        response.writeHead(403);
        response.end(bomb.slice(0, 60_000));
        return true;
      };
    },
  ],
  [
    "a web page that answers everything with 200",
    5,
    "does not speak S3",
    (bucket) => {
      bucket.rudeness = (_, response) => {
        response.setHeader("content-type", "text/html");
        response.setHeader("etag", '"page"');
        response.end("<!doctype html><title>Sign in</title>");
        return true;
      };
    },
  ],
  [
    "a store that takes everything and keeps nothing",
    5,
    "said that it took .callreel/archive.json",
    (bucket) => {
      bucket.rudeness = ({ method }, response) => {
        if (method !== "PUT") return false;
        response.setHeader("etag", '"taken"');
        response.end();
        return true;
      };
    },
  ],
  ...["none of them", "half of each", "a page in place of each"].map(
    (kept): [string, number, string, (bucket: RudeBucket) => void] => [
      `a store that takes recordings and keeps ${kept}`,
      5,
      "does not have it as it was sent",
      (bucket) => {
        bucket.rudeness = (request, response) => {
          if (!isAudio(request)) return false;
          const { body, headers } = request;
          if (kept === "half of each") bucket.objects.set(request.key, { body: body.subarray(0, 999), headers });
          else if (kept !== "none of them")
            bucket.objects.set(request.key, { body: Buffer.from("<html>"), headers: {} });
          response.setHeader("etag", '"taken"');
          response.end();
          return true;
        };
      },
    ],
  ),
  [
    "an endless error",
    5,
    "larger than",
    (bucket) => {
      bucket.rudeness = (_, response) => {
        response.writeHead(403);
        response.end(bomb.repeat(30));
        return true;
      };
    },
  ],
  [
    "a store without conditional PUT",
    2,
    "501 Not Implemented",
    (bucket) => {
      bucket.rudeness = ({ method }, response) => {
        if (method === "PUT") refuse(response, 501, "NotImplemented");
        return method === "PUT";
      };
    },
  ],
  [
    "a bucket that is full",
    13,
    "no room",
    (bucket) => {
      bucket.rudeness = (request, response) => {
        if (isAudio(request)) refuse(response, 403, "QuotaExceeded");
        return isAudio(request);
      };
    },
  ],
  [
    "a right to put that is missing",
    7,
    "permission denied",
    (bucket) => {
      bucket.rudeness = (request, response) => {
        if (isAudio(request)) refuse(response, 403, "AccessDenied");
        return isAudio(request);
      };
    },
  ],
  [
    "a store that never comes back",
    5,
    "503 (SlowDown)",
    (bucket) => {
      bucket.rudeness = (request, response) => {
        if (isAudio(request)) refuse(response, 503, "SlowDown");
        return isAudio(request);
      };
    },
  ],
  [
    "a lock that was promised and not made",
    2,
    "does not lock objects",
    (bucket) => {
      bucket.rudeness = ({ query }, response) => {
        if (!query.has("object-lock")) return false;
        response.end(
          "<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled></ObjectLockConfiguration>",
        );
        return true;
      };
      bucket.objects.set = function (key, value) {
        const headers = Object.fromEntries(Object.entries(value.headers).filter(([name]) => !name.includes("lock")));
        return Map.prototype.set.call(this, key, { ...value, headers }) as typeof this;
      };
    },
  ],
])("ends with a sentence, and loses nothing, at %s", async (_, code, says, play) => {
  await using world = await openTimWorld(2);
  await using bucket = await openRudeBucket();
  play(bucket);
  const locked = says.includes("lock objects") ? ["--s3-object-lock", "compliance:1d"] : [];
  const ended = await download(world, bucket, locked);
  expect([ended.code, ended.err]).toEqual([code, expect.stringContaining(says)]);
  expect(ended.err).not.toContain(keys.AWS_SECRET_ACCESS_KEY);
  bucket.rudeness = () => false;
  // What the store has made of them is no recording, and nobody's but its own.
  for (const [key, { body }] of bucket.objects)
    if (body.length < 1_000 && key.endsWith(".wav")) bucket.objects.delete(key);
  const again = await download(world, bucket);
  expect([again.code, again.err]).toEqual([0, expect.stringContaining("Done in")]);
  mustHoldAll(world, bucket);
  const [home = ""] = readdirSync(join(world.home, "state", "callreel", "s3"));
  expect(readdirSync(join(world.home, "state", "callreel", "s3", home, ".callreel", "partial"))).toEqual([]);
});

function hashOf(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
