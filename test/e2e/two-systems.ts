import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { smallWav } from "../helpers/calls-server.ts";

/** Answers one request. */
export type Answer = (request: IncomingMessage, response: ServerResponse, id: string) => void;

/** One system on this machine whose answers a test may change while the program is not looking. */
export interface System extends AsyncDisposable {
  readonly home: string;
  readonly archive: string;
  readonly env: Record<string, string>;
  /** How the audio host answers; the audio itself while undefined. */
  audio: Answer | undefined;
  /** How TIM answers token requests; an address of Echo while undefined. */
  token: Answer | undefined;
  /** What the servers' clocks say, ahead of the real time. */
  aheadMs: number;
  /** Ids of the audio requests so far. */
  readonly asked: string[];
  /** Writes a file into the home folder and returns its path. */
  file(name: string, text: string): string;
  /** Finished files of the archive, relative. */
  held(): string[];
}

/** RingCentral as far as a download by rows needs it: tokens and the media host. */
export function openRingCentralSystem(): Promise<System> {
  return openSystem((system, base) => ({
    env: {
      RC_SERVER_URL: base,
      RC_MEDIA_URL: base,
      RC_APP_CLIENT_ID: "app",
      RC_APP_CLIENT_SECRET: "s",
      RC_USER_JWT: "a.b.c",
    },
    answer(request, response, path) {
      if (path.endsWith("/oauth/token")) return json(response, 200, tokens);
      for (const [name, value] of Object.entries(plenty)) response.setHeader(name, value);
      const id = decodeURIComponent(/\/recording\/([^/]+)\/content$/.exec(path)?.[1] ?? "");
      system.asked.push(id);
      (system.audio ?? sound)(request, response, id);
    },
  }));
}

/** TIM and its Echo on one port. */
export function openTimSystem(): Promise<System> {
  return openSystem((system, base) => ({
    env: { TIM_URL: base, TIM_USERNAME: "archive", TIM_PASSWORD: "p" },
    answer(request, response, path, query) {
      if (query.get("cmd") === "getvmsg") {
        if (request.headers.authorization === undefined) {
          return void response.writeHead(401, { "www-authenticate": 'Basic realm="TIM"' }).end();
        }
        const id = query.get("recordingid") ?? "";
        return (system.token ?? ((_, answer) => answer.end(`${base}/echo/${id}`)))(request, response, id);
      }
      const id = decodeURIComponent(path.replace("/echo/", ""));
      system.asked.push(id);
      (system.audio ?? sound)(request, response, id);
    },
  }));
}

/** An answer with this status, type and body. */
export function says(status: number, type: string, body = ""): Answer {
  return (_, response) => void response.writeHead(status, type === "" ? {} : { "content-type": type }).end(body);
}

/** RingCentral's own error of that code about the parameter. */
export function rcError(status: number, errorCode: string, parameterName?: string): Answer {
  const message = `Resource for parameter [${parameterName}] is not found`;
  const errors = [{ errorCode, message, ...(parameterName === undefined ? {} : { parameterName }) }];
  return (_, response) => json(response, status, { errorCode, message: errors[0]?.message, errors });
}

/** The recording itself. */
export const sound: Answer = (_request, response, id) => {
  const body = smallWav(id);
  response.writeHead(200, { "content-type": "audio/wav", "content-length": body.length }).end(body);
};

interface Inner {
  readonly env: Record<string, string>;
  answer(request: IncomingMessage, response: ServerResponse, path: string, query: URLSearchParams): void;
}

async function openSystem(make: (system: System, base: string) => Inner): Promise<System> {
  const home = mkdtempSync(join(tmpdir(), "callreel-system-"));
  const archive = join(home, "recordings");
  const server: Server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? "", "http://x");
    response.setHeader("date", new Date(Date.now() + system.aheadMs).toUTCString());
    request.resume();
    inner.answer(request, response, pathname, searchParams);
  });
  const system: System = {
    home,
    archive,
    env: {},
    audio: undefined,
    token: undefined,
    aheadMs: 0,
    asked: [],
    file(name, text) {
      writeFileSync(join(home, name), text);
      return join(home, name);
    },
    held: () => finished(archive),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      rmSync(home, { recursive: true, force: true });
    },
  };
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const inner = make(system, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  Object.assign(system.env, inner.env, {
    HOME: home,
    XDG_STATE_HOME: join(home, "state"),
    XDG_CONFIG_HOME: join(home, "config"),
    TZ: "UTC",
  });
  return system;
}

function finished(folder: string): string[] {
  const all = readdirSync(folder, { recursive: true, encoding: "utf8" });
  return all.filter((path) => !path.startsWith(".callreel") && statSync(join(folder, path)).isFile()).sort();
}

const tokens = {
  access_token: "token",
  token_type: "bearer",
  expires_in: 3600,
  scope: "ReadCallLog ReadCallRecording",
  owner_id: "1",
};
const plenty = {
  "x-rate-limit-group": "heavy",
  "x-rate-limit-limit": "100000",
  "x-rate-limit-remaining": "99999",
  "x-rate-limit-window": "60",
};

function json(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}
