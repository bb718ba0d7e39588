import { writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { sourceHttpSettings } from "../../src/composition/http.ts";
import { openHttp } from "../../src/http/client.ts";
import { run } from "../helpers/bin.ts";
import { testIo } from "../helpers/test-io.ts";
import { eventsOf, openTimWorld } from "./tim-world.ts";
import { openRingCentralSystem, openTimSystem } from "./two-systems.ts";

const quickly = ["-R", "0", "--timeout", "5s", "--json"];

/** Both ways in which a run moves its bytes. */
const ways = { "in threads": ["-j", "auto"], "in one thread": ["-j", "2"] };

const metadata = [
  "http://169.254.169.254/latest/",
  "http://[::ffff:a9fe:a9fe]/x",
  "http://[::ffff:169.254.169.254]/x",
  "http://[64:ff9b::a9fe:a9fe]/x",
  "http://2852039166/x",
  "http://0xA9FEA9FE/x",
  "http://0251.254.0xa9.254/x",
  "http://169.254.43518/x",
  "http://169.254.169.254./x",
  "http://①⑥⑨.254.169.254/x",
  "http://[fe80::1]/x",
  "http://[fd00:ec2::254]/x",
  "http://[fd20:ce::254]/x",
  "http://100.100.100.200/x",
];

const unusable = [
  "file:///etc/passwd",
  "ftp://127.0.0.1/x",
  "gopher://127.0.0.1/x",
  "data:audio/wav;base64,UklGRg==",
  "//169.254.169.254/x",
];

const isAscii = (url: string) => /^[\x20-\x7e]+$/.test(url);

/** The code of each recording's failure, in the order of their ids. */
function failures(out: string): string[] {
  const failed = eventsOf(out).filter(({ event }) => event === "recording-failed");
  return failed.map(({ key, code }) => `${String(key).split("/").at(-1)} ${code}`).sort();
}

describe.each(Object.entries(ways))(
  "answers that lead where no recording is kept, %s: nothing is asked there",
  (_, way) => {
    it("TIM's", async () => {
      await using tim = await openTimSystem();
      const urls = [...metadata, ...unusable];
      const ids = urls.map((_, at) => `NCS${1000 + at}`);
      tim.token = (_request, response, id) => void response.end(urls[ids.indexOf(id)]);
      const rows = tim.file(
        "c.csv",
        ["datasource,voicelocation,voicefilename", ...ids.map((id) => `3,4,${id}`)].join("\n"),
      );
      const { code, out } = await run(["download", "--rows", rows, "-d", tim.archive, ...quickly, ...way], {
        env: tim.env,
      });
      expect(code, out).toBe(3);
      expect(failures(out)).toEqual(
        ids.map((id, at) => `${id} ${at < metadata.length ? "foreign-host" : "bad-answer"}`),
      );
      expect([tim.asked, tim.held()]).toEqual([[], []]);
    });

    it("RingCentral's", async () => {
      await using rc = await openRingCentralSystem();
      const secure = metadata.filter(isAscii).map((url) => url.replace("http:", "https:"));
      const urls = [...secure, ...unusable.filter((url) => !url.startsWith("//")), "http://169.254.169.254/x"];
      const ids = urls.map((_, at) => String(401786810000 + at));
      rc.audio = (_request, response, id) => {
        // A header holds bytes; whatever is beyond ASCII stands there as UTF-8.
        const location = Buffer.from(urls[ids.indexOf(id)] ?? "").toString("latin1");
        response.writeHead(302, { location }).end();
      };
      const { code, out } = await run(["download", ...ids, "-d", rc.archive, ...quickly, ...way], { env: rc.env });
      expect(code, out).toBe(3);
      expect(failures(out)).toEqual(ids.map((id, at) => `${id} ${at < secure.length ? "foreign-host" : "bad-answer"}`));
      expect(out).not.toContain("--echo-rewrite");
      expect(rc.held()).toEqual([]);
    });
  },
);

it("RingCentral's usual hosts lead into no private network, though no --server is given", async () => {
  let connections = 0;
  await using listening = await listen(() => {
    connections += 1;
  });
  await using http = openHttp(sourceHttpSettings("ringcentral", {}, testIo({})));
  for (const host of ["127.0.0.1", "localhost", "2130706433", "[::ffff:7f00:1]"]) {
    const asked = http.request({ url: `http://${host}:${listening.port}/x` }, AbortSignal.timeout(5000));
    await expect(asked).rejects.toMatchObject({ code: "foreign-host", unsent: true });
  }
  expect(connections).toBe(0);
});

describe("several logins to one system", () => {
  it.each(Object.entries(ways))("are each reached in their own way, %s", async (_, way) => {
    await using plain = await openTimWorld(6);
    await using secured = await openTimWorld(6);
    secured.tim.settings.tls = { tim: "trusted", echo: "trusted" };
    const authority = join(plain.home, "ca.pem");
    writeFileSync(authority, secured.tim.certificateAuthority);
    const login = (world: typeof plain) => ({
      "tim-url": world.tim.env.TIM_URL,
      "tim-user": world.tim.env.TIM_USERNAME,
    });
    const { TIM_PASSWORD } = plain.tim.env;
    const { HOME, XDG_STATE_HOME, XDG_CONFIG_HOME } = plain.env;
    const env = { HOME, XDG_STATE_HOME, XDG_CONFIG_HOME, TIM_PASSWORD };
    const outcomes: (number | null)[] = [];
    for (const more of [{ "ca-file": authority }, {}]) {
      for (const order of ["ab", "ba"]) {
        const config = join(plain.home, "config.json");
        const profiles = { a: login(plain), b: { ...login(secured), ...more } };
        writeFileSync(config, JSON.stringify({ profiles }));
        const names = [...order].flatMap((name) => ["--profile", name]);
        const args = [
          "download",
          "--rows",
          plain.csv,
          "--config",
          config,
          ...names,
          "-d",
          join(plain.home, `${outcomes.length}`),
        ];
        outcomes.push((await run([...args, "-R", "0", ...way], { env })).code);
      }
    }
    expect(outcomes.slice(0, 2)).toEqual([0, 0]);
    // What the one accepts, the other does not.
    expect(outcomes[2]).not.toBe(0);
    expect(outcomes[3]).not.toBe(0);
  });
});

async function listen(onConnection: () => void): Promise<{ readonly port: number } & AsyncDisposable> {
  const server: Server = createServer((socket) => {
    onConnection();
    socket.destroy();
  });
  await new Promise<void>((resolve) => server.listen(0, resolve));
  return {
    port: (server.address() as { port: number }).port,
    [Symbol.asyncDispose]: () => new Promise<void>((resolve) => server.close(() => resolve())),
  };
}
