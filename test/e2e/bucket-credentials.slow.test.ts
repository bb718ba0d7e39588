import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { expect, test } from "vitest";
import { run } from "../helpers/bin.ts";
import { openRudeBucket, type RudeBucket, refuse } from "../helpers/rude-bucket.ts";
import { openTimWorld, type TimWorld } from "./tim-world.ts";

/** Answers what a cloud tells its machines: by path, or with 404. */
async function openMetadata(
  answers: Readonly<Record<string, (headers: Record<string, unknown>, body: URLSearchParams) => string | undefined>>,
) {
  const asked: string[] = [];
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    asked.push(`${request.method} ${request.url}`);
    const text = answers[`${request.method} ${request.url}`]?.(request.headers, new URLSearchParams(body));
    const type = text?.startsWith("{") ? "application/json" : text?.startsWith("<") ? "text/xml" : "text/plain";
    response.writeHead(text === undefined ? 404 : 200, { "content-type": type });
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

/** What AWS's token service answers to whoever may have the role. */
function assumed(id: string, expiresInMs: number): string {
  const expiration = new Date(Date.now() + expiresInMs).toISOString();
  const names = { AccessKeyId: id, SecretAccessKey: `secret-of-${id}`, SessionToken: `token-of-${id}` };
  const fields = Object.entries({ ...names, Expiration: expiration }).map(
    ([name, value]) => `<${name}>${value}</${name}>`,
  );
  return `<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleWithWebIdentityResult>
    <Credentials>${fields.join("")}</Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>`;
}

test("takes the key of a role for a pod's web identity, the next one when it expires, and reads the identity anew for it", async () => {
  await using world = await openTimWorld(6);
  await using bucket = await openRudeBucket();
  const identity = join(world.home, "identity");
  writeFileSync(identity, "identity-of-first");
  let current = "first";
  await using sts = await openMetadata({
    "POST /": (_, body) => {
      const role = [body.get("Action"), body.get("RoleArn"), body.get("WebIdentityToken")];
      const wanted = [
        "AssumeRoleWithWebIdentity",
        "arn:aws:iam::123456789012:role/archivist",
        `identity-of-${current}`,
      ];
      return role.join() === wanted.join() ? assumed(current, current === "first" ? 60_000 : 3600_000) : undefined;
    },
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
    writeFileSync(identity, "identity-of-next");
    return true;
  };
  const pod = {
    AWS_ROLE_ARN: "arn:aws:iam::123456789012:role/archivist",
    AWS_WEB_IDENTITY_TOKEN_FILE: identity,
    AWS_ENDPOINT_URL_STS: sts.url,
    AWS_REGION: "eu-central-1",
    CALLREEL_TRANSFERS: "1",
  };
  const done = await download(world, bucket, pod);
  expect([done.code, done.err]).toEqual([0, expect.stringContaining("Done in")]);
  expect([keyIds(bucket), tokens(bucket)]).toEqual([
    ["first", "next"],
    ["token-of-first", "token-of-next"],
  ]);
  expect(done.err).not.toMatch(/secret-of|token-of|identity-of/);

  writeFileSync(identity, "identity-of-nobody");
  bucket.seen.length = 0;
  const refused = await download(world, bucket, pod);
  expect([refused.code, refused.err, bucket.seen]).toEqual([7, expect.stringContaining("The AWS chain"), []]);
  expect(refused.err).not.toContain("identity-of");
});

test("takes the key of a role that a person has logged in to (SSO), and says how to log in again when that is over", async () => {
  await using world = await openTimWorld(2);
  await using bucket = await openRudeBucket();
  await using portal = await openMetadata({
    "GET /federation/credentials?account_id=123456789012&role_name=archivist": (headers) => {
      if (headers["x-amz-sso_bearer_token"] !== "token-of-anna") return undefined;
      const [accessKeyId, secretAccessKey, sessionToken] = ["of-anna", "secret-of-anna", "token-of-the-role"];
      return JSON.stringify({
        roleCredentials: { accessKeyId, secretAccessKey, sessionToken, expiration: Date.now() + 3600_000 },
      });
    },
  });
  const config = join(world.home, "config");
  writeFileSync(
    config,
    "[profile archive]\nsso_session = house\nsso_account_id = 123456789012\nsso_role_name = archivist\nregion = eu-central-1\n" +
      "[sso-session house]\nsso_start_url = https://house.example/start\nsso_region = eu-central-1\n",
  );
  const cache = join(world.home, ".aws", "sso", "cache");
  mkdirSync(cache, { recursive: true });
  const logIn = (expiresInMs: number) =>
    writeFileSync(
      join(cache, `${createHash("sha1").update("house").digest("hex")}.json`),
      JSON.stringify({ accessToken: "token-of-anna", expiresAt: new Date(Date.now() + expiresInMs).toISOString() }),
    );
  logIn(3600_000);
  const env = { AWS_CONFIG_FILE: config, AWS_PROFILE: "archive", AWS_ENDPOINT_URL_SSO: portal.url, HOME: world.home };
  const done = await download(world, bucket, env);
  expect([done.code, done.err]).toEqual([0, expect.stringContaining("Done in")]);
  expect([keyIds(bucket), tokens(bucket)]).toEqual([["of-anna"], ["token-of-the-role"]]);
  expect(done.err).not.toMatch(/secret-of|token-of/);

  logIn(-60_000);
  bucket.seen.length = 0;
  const over = await download(world, bucket, env);
  expect([over.code, over.err, bucket.seen]).toEqual([7, expect.stringContaining("aws sso login"), []]);
});
