import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe } from "vitest";
import { openLedger } from "../../src/ledgers/index.ts";
import { ledgerContract } from "../contracts/ledger.ts";
import { heldClock } from "../helpers/held-clock.ts";

describe("the ledger in a file", () => {
  const folder = mkdtempSync(join(tmpdir(), "callreel-ledger-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  let opened = 0;
  ledgerContract(() => openLedger(join(folder, `${++opened}.db`), { clock: heldClock(), pid: 1 }));
});
