import { expect, it, vi } from "vitest";
import type { Invocation } from "../../../src/cli/io.ts";
import { listen } from "../../../src/composition/watch/listening.ts";
import { openExpectation } from "../../../src/core/watch/expectation.ts";
import { openRingCentralSandbox } from "../../../src/sandbox/ringcentral/index.ts";
import { heldClock } from "../../helpers/held-clock.ts";
import { openTempFolder } from "../../helpers/temp-folder.ts";
import { testIo } from "../../helpers/test-io.ts";

const second = 1000;
const pauseMs = 40 * second;
/** For what the sandbox and this process do at their own speed. */
const patience = 150 * second;

async function openListening() {
  const folder = openTempFolder();
  const rc = await openRingCentralSandbox({ data: { recordings: 1 } });
  const clock = heldClock(Date.now());
  const { RC_SERVER_URL: server, RC_MEDIA_URL: mediaServer, ...env } = rc.env;
  const settings = {
    ...{ source: "ringcentral", server, mediaServer },
    ...{ clientId: env.RC_APP_CLIENT_ID, clientSecret: env.RC_APP_CLIENT_SECRET, jwt: env.RC_USER_JWT },
  };
  const io = { ...testIo({ XDG_STATE_HOME: folder.path, HOME: folder.path }), clock };
  const said: string[] = [];
  const voice = {
    info: (message: string) => said.push(message),
    reporter: { report: () => {}, logRequest: () => {}, keepSecret: () => {} },
  };
  const invocation = {
    io,
    settings,
    args: [],
    flags: {},
    origins: {},
    underProfile: async () => ({}),
  } as unknown as Invocation;
  const expectation = openExpectation();
  let listening: AsyncDisposable | undefined;
  return {
    rc,
    clock,
    said,
    expectation,
    listen() {
      listening = listen(invocation, voice as never, expectation);
    },
    async [Symbol.asyncDispose]() {
      await listening?.[Symbol.asyncDispose]();
      await rc.close();
      folder[Symbol.dispose]();
    },
  };
}

it("notices a gateway that is connected and says nothing, looks as often as without it, and connects anew until it speaks again", async () => {
  await using world = await openListening();
  const { rc, clock, said, expectation } = world;
  world.listen();
  expectation.looking(0);
  await vi.waitFor(
    () => expect(said).toEqual([expect.stringContaining("RingCentral reports when calls end")]),
    patience,
  );
  // Nobody has spoken for long when it looks again: the look after that is far away.
  const lastLook = 20 * 60 * second;
  expectation.looking(lastLook);
  expect(expectation.dueMs(pauseMs)).toBe(lastLook + 300 * second);

  rc.settings.events.mute = true;
  await clock.advance(90 * second);
  await vi.waitFor(
    () => expect(said.at(-1)).toMatch(/gateway for events does not answer. Reconnecting in 15 s/),
    patience,
  );
  expect(expectation.dueMs(pauseMs)).toBe(lastLook + pauseMs);

  rc.settings.events.mute = false;
  rc.gateway.cutAll();
  await clock.advance(15 * second);
  await vi.waitFor(() => expect(rc.gateway.subscribed()).toBe(1), patience);
  await vi.waitFor(() => expect(said).toHaveLength(3), patience);
  expectation.looking(clock.monotonic());
  rc.addCalls(1, 3);
  await vi.waitFor(() => expect(expectation.dueMs(pauseMs) - clock.monotonic()).toBe(15 * second), patience);
  expect(rc.stats()).toMatchObject({ penalties: 0, violations: 0, tokenRequests: 1, groups: { heavy: 0 } });
});

it("subscribes anew before its subscription ends, for the line lives on and tells nothing more", async () => {
  await using world = await openListening();
  const { rc, clock, said, expectation } = world;
  rc.settings.events.subscriptionSeconds = 60;
  world.listen();
  await vi.waitFor(() => expect(rc.gateway.subscribed()).toBe(1), patience);
  await vi.waitFor(() => expect(clock.sleeping).toBeGreaterThan(1), patience);
  await clock.advance(54 * second);
  await vi.waitFor(
    () => expect(said.at(-1)).toMatch(/subscribed to for a time that ends now. Reconnecting in 15 s/),
    patience,
  );
  await clock.advance(15 * second);
  await vi.waitFor(() => expect(said).toHaveLength(3), patience);
  rc.addCalls(1, 3);
  await vi.waitFor(() => expect(expectation.dueMs(pauseMs)).toBeLessThan(clock.monotonic() + pauseMs), patience);
});
