import { openRingCentral } from "../../../src/sources/ringcentral/index.ts";
import { testSource } from "../../contracts/source.ts";
import { openFake } from "./fake.ts";
import { never, openWorld } from "./world.ts";

testSource("ringcentral", async () => {
  const fake = await openFake();
  const world = openWorld({ server: fake.origin, mediaServer: fake.origin });
  const source = openRingCentral(world.settings, world.context);
  const record = {
    id: "Rec1",
    sessionId: "8",
    startTime: "2026-10-01T08:00:00.000Z",
    duration: 60,
    direction: "Inbound",
    from: { phoneNumber: "+15551230001", name: "Caller" },
    to: { phoneNumber: "+15551230002", extensionNumber: "101" },
  };
  const contentUri = `${fake.origin}/restapi/v1.0/account/1/recording/401/content`;
  const recording = { id: "401", type: "Automatic", contentUri };
  return {
    source,
    row: { fields: { ...record, recording, legs: [{ recording }] }, file: "calls.json", line: 1 },
    rowWithout: { fields: record, file: "calls.json", line: 2 },
    secrets: ["token-", "secret", world.settings.jwt as string],
    async fetch(link) {
      const answer = await world.http.request({ url: link.url, headers: link.headers }, never);
      link.answered?.(answer);
      return { status: answer.status, bytes: answer.body.length };
    },
    async [Symbol.asyncDispose]() {
      await source[Symbol.asyncDispose]();
      await world[Symbol.asyncDispose]();
      await fake[Symbol.asyncDispose]();
    },
  };
});
