import { Agent } from "undici";
import { expect, it } from "vitest";
import { agent } from "../../src/http/dispatcher.ts";

it("is the agent of undici", () => {
  expect(agent()).toBe(Agent);
});
