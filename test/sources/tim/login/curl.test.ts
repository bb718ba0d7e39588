import { execFile, spawnSync } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { digestAuthorization, parseChallenges, strongestDigest } from "../../../../src/sources/tim/auth/digest.ts";
import { openScriptedServer } from "../../../helpers/scripted-server.ts";

const run = promisify(execFile);
const missing = spawnSync("curl", ["--version"]).error !== undefined;

test.skipIf(missing)("Digest answers are those of curl, for plain and session algorithms (needs curl)", async () => {
  // Not SHA-512-256: older versions of curl put SHA-256 in its place.
  const algorithms = ["MD5", "MD5-sess", "SHA-256", "SHA-256-sess"];
  for (const algorithm of algorithms) {
    const challenge = `Digest realm="TIM \\"x\\"", nonce="bm9uY2U=", opaque="o", qop="auth", algorithm=${algorithm}`;
    await using server = await openScriptedServer((request) =>
      request.headers.authorization === undefined
        ? { status: 401, headers: { "www-authenticate": challenge } }
        : { body: "ok" },
    );
    const target = "/voice.wav?cmd=getvmsg&datasource=%5C3%5C&salt=1";
    await run("curl", [
      "-s",
      "--noproxy",
      "*",
      "--digest",
      "-u",
      "Mu fasa:Circle:of:Lüfe",
      `${server.origin}${target}`,
    ]);
    const sent = server.seen[1]?.headers.authorization;
    if (sent === undefined) throw new Error(`curl does not speak ${algorithm}`);
    const params = parseChallenges(sent)[0]?.params;
    const offer = strongestDigest(parseChallenges(challenge));
    if (offer === undefined) throw new Error("no Digest in it");
    const ours = digestAuthorization(offer, {
      user: "Mu fasa",
      password: "Circle:of:Lüfe",
      method: "GET",
      uri: target,
      nc: 1,
      cnonce: params?.get("cnonce") ?? "",
    });
    expect([algorithm, parseChallenges(ours)[0]?.params.get("response")]).toEqual([algorithm, params?.get("response")]);
  }
});
