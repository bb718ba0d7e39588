import { expect, test } from "vitest";
import { loadDriver } from "../../../src/platform/database-address.ts";

test("a driver that is not installed is wrong usage, and the message says how to install it", async () => {
  const absent = "callreel-driver-that-nobody-has";
  await expect(loadDriver(() => import(absent), "PostgreSQL", "pg pg-query-stream")).rejects.toMatchObject({
    code: "usage",
    message: expect.stringMatching(/^The driver for PostgreSQL is not installed.*npm install pg pg-query-stream /),
  });
});

test("a driver that is there but broken shows its own error", async () => {
  const broken = () => Promise.reject(new Error("syntax error in the driver"));
  await expect(loadDriver(broken, "PostgreSQL", "pg")).rejects.toThrow("syntax error in the driver");
});
