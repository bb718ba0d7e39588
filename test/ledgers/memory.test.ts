import { describe } from "vitest";
import { openLedger } from "../../src/ledgers/index.ts";
import { ledgerContract } from "../contracts/ledger.ts";
import { heldClock } from "../helpers/held-clock.ts";

describe("the ledger in memory", () => {
  ledgerContract(() => openLedger("memory", { clock: heldClock(), pid: 1 }));
});
