import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { expect, test } from "vitest";
import { run } from "../helpers/bin.ts";
import { openRudeBucket, type RudeBucket, refuse } from "../helpers/rude-bucket.ts";
import { openTimWorld, type TimWorld } from "./tim-world.ts";

/** Answers what a cloud tells its machines: by path, or with 404. */
async function openMetadata(
  answers: Readonly<Record<string, (headers: Record<string, unknown>) => string | undefined>>,
) {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    const text = answers[`${request.method} ${request.url}`]?.(request.headers);
    response.writeHead(text === undefined ? 404 : 200, {
      "content-type": text?.startsWith("{") ? "application/json" : "text/plain",
    });
    response.end(text);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A key pair as clouds write it, with its secret and token named for it. */
function pair(id: string, expiresInMs: number): string {
  const [secret, token] = [`secret-of-${id}`, `token-of-${id}`];
  const names = { AccessKeyId: id, SecretAccessKey: secret, Token: token, Code: "Success", Type: "AWS-HMAC" };
  return JSON.stringify({
    ...names,
    LastUpdated: new Date(0).toISOString(),
    Expiration: new Date(Date.now() + expiresInMs).toISOString(),
  });
}

async function download(world: TimWorld, { endpoint }: RudeBucket, env: Record<string, string>) {
  const place = ["-d", "s3://calls/chain", "--s3-endpoint", endpoint, "-R", "1"];
  const log = ["-vv", "--log-file", join(world.home, "log")];
  const disabled = { AWS_EC2_METADATA_DISABLED: "true" };
  return run(["download", "-s", "tim", "-r", world.csv, ...place, ...log], {
    env: { ...world.env, ...disabled, ...env },
  });
}

const keyIds = ({ seen }: RudeBucket) => [
  ...new Set(seen.map(({ headers }) => /Credential=([^/]+)/.exec(headers.authorization ?? "")?.[1])),
];
const tokens = ({ seen }: RudeBucket) => [...new Set(seen.map(({ headers }) => headers["x-amz-security-token"]))];

test("takes the key of an AWS profile", async () => {
  await using world = await openTimWorld(2);
  await using bucket = await openRudeBucket();
  const [credentials, config] = [join(world.home, "credentials"), join(world.home, "config")];
  writeFileSync(
    credentials,
    "[archive]\naws_access_key_id = of-the-profile\naws_secret_access_key = secret-of-profile\n",
  );
  writeFileSync(config, "[profile archive]\nregion = eu-west-1\n");
  const files = { AWS_SHARED_CREDENTIALS_FILE: credentials, AWS_CONFIG_FILE: config };
  const done = await download(world, bucket, { ...files, AWS_PROFILE: "archive" });
  expect([done.code, done.err]).toEqual([0, expect.stringContaining("Done in")]);
  expect(keyIds(bucket)).toEqual(["of-the-profile"]);
  expect(done.err).not.toContain("secret-of");
  bucket.seen.length = 0;
  const none = await download(world, bucket, { ...files, AWS_PROFILE: "another" });
  expect([none.code, none.err, bucket.seen]).toEqual([7, expect.stringContaining("The AWS chain"), []]);
});

test("takes the key that a container is given, and the next one when it expires in the middle of a run", async () => {
  await using world = await openTimWorld(6);
  await using bucket = await openRudeBucket();
  let current = "first";
  await using metadata = await openMetadata({
    "GET /credentials": ({ authorization }) =>
      authorization === "Bearer of-the-pod" ? pair(current, current === "first" ? 60_000 : 3600_000) : undefined,
  });
  bucket.rudeness = ({ method, key, headers }, response, store) => {
    if (current === "next" && !headers.authorization?.includes("Credential=next/")) {
      refuse(response, 400, "ExpiredToken");
      return true;
    }
    if (method !== "PUT" || !key.endsWith(".wav")) return false;
    store();
    response.end();
    current = "next";
    return true;
  };
  const done = await download(world, bucket, {
    AWS_CONTAINER_CREDENTIALS_FULL_URI: `${metadata.url}/credentials`,
    AWS_CONTAINER_AUTHORIZATION_TOKEN: "Bearer of-the-pod",
    CALLREEL_TRANSFERS: "1",
  });
  expect([done.code, done.err]).toEqual([0, expect.stringContaining("Done in")]);
  expect([...bucket.objects.keys()].filter((key) => key.endsWith(".wav"))).toHaveLength(6);
  expect([keyIds(bucket), tokens(bucket)]).toEqual([
    ["first", "next"],
    ["token-of-first", "token-of-next"],
  ]);
  expect(done.err).not.toMatch(/secret-of|token-of/);
});

test("ends with 5, to be run again, when the key expires in the middle of a run and no other one is given", async () => {
  await using world = await openTimWorld(6);
  await using bucket = await openRudeBucket();
  let isOver = false;
  await using metadata = await openMetadata({
    "GET /credentials": () => (isOver ? undefined : pair("only", 3600_000)),
  });
  bucket.rudeness = ({ method, key }, response, store) => {
    if (isOver) refuse(response, 400, "ExpiredToken");
    if (isOver || method !== "PUT" || !key.endsWith(".wav")) return isOver;
    store();
    response.end();
    isOver = true;
    return true;
  };
  const ended = await download(world, bucket, {
    AWS_CONTAINER_CREDENTIALS_FULL_URI: `${metadata.url}/credentials`,
    CALLREEL_TRANSFERS: "1",
  });
  expect([ended.code, ended.err]).toEqual([5, expect.stringContaining("gives no other one now")]);
  expect(ended.err).not.toMatch(/secret-of|token-of/);
});

test("takes the key of the machine's role from its instance metadata", async () => {
  await using world = await openTimWorld(2);
  await using bucket = await openRudeBucket();
  const role = "/latest/meta-data/iam/security-credentials/";
  const inSession = (text: string) => (headers: Record<string, unknown>) =>
    headers["x-aws-ec2-metadata-token"] === "session" ? text : undefined;
  await using metadata = await openMetadata({
    "PUT /latest/api/token": () => "session",
    [`GET ${role}`]: inSession("archivist"),
    [`GET ${role}archivist`]: inSession(pair("of-the-role", 6 * 3600_000)),
  });
  const done = await download(world, bucket, {
    AWS_EC2_METADATA_DISABLED: "",
    AWS_EC2_METADATA_SERVICE_ENDPOINT: metadata.url,
  });
  expect([done.code, done.err]).toEqual([0, expect.stringContaining("Done in")]);
  expect([keyIds(bucket), tokens(bucket)]).toEqual([["of-the-role"], ["token-of-of-the-role"]]);
  expect(metadata.asked.filter((each) => each.endsWith("archivist"))).toHaveLength(1);
});
