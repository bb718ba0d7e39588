import type { ResponseHead } from "../../../src/core/model/recording.ts";
import { testSource } from "../../contracts/source.ts";
import { openScriptedServer } from "../../helpers/scripted-server.ts";
import { behindDigest, never, openFixture, row } from "./fixture.ts";

const ids = { datasource: "\\3\\", voicelocation: "4", voicefilename: "NCS 1" };
const known = { start: "2026-05-01 09:03:07", duration: "61", extension: "201", number: "0123", direction: "in" };

testSource("tim", async () => {
  const echo = await openScriptedServer(({ query }) =>
    query.get("token") === null ? { status: 403 } : { body: "RIFF....WAVE" },
  );
  let tokens = 0;
  const fixture = await openFixture(
    behindDigest(() => {
      tokens += 1;
      return { body: `${echo.origin}/audio?token=hush${tokens}` };
    }),
  );
  return {
    source: fixture.source,
    row: row({ ...ids, ...known, name: "Zoë" }),
    rowWithout: row({ ...ids, ...known, voicefilename: null }),
    secrets: ["s3cret", "hush"],
    async fetch(link) {
      let bytes = 0;
      let head: ResponseHead | undefined;
      const receiver = {
        head(arrived: ResponseHead) {
          head = arrived;
          link.answered?.(arrived);
        },
        chunk(piece: Uint8Array) {
          bytes += piece.byteLength;
        },
      };
      await fixture.http.stream({ url: link.url, headers: link.headers }, receiver, never);
      return { status: head?.status ?? 0, bytes };
    },
    async [Symbol.asyncDispose]() {
      await fixture[Symbol.asyncDispose]();
      await echo[Symbol.asyncDispose]();
    },
  };
});
