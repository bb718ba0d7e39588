import { type Hold, type HoldRule, holdsAreLost, ruleText } from "../../core/holds.ts";
import type { Operator } from "../../platform/operator.ts";
import { auditRow } from "../audit-records.ts";
import { type HoldRow, holdAudit, holdOf, lostHolds } from "../hold-rows.ts";
import { appendChained } from "./chain.ts";
import { forget, keptValues } from "./key-value.ts";
import type { Tables } from "./store.ts";

/** Legal holds in force, oldest first. */
export async function holdsInForce(tables: Tables): Promise<Hold[]> {
  return (await tables.rows<HoldRow>("SELECT * FROM holds WHERE removed IS NULL ORDER BY seq")).map(holdOf);
}

export async function addHolds(
  tables: Tables,
  rules: readonly HoldRule[],
  reason: string | undefined,
  operator: Operator | undefined,
): Promise<Hold[]> {
  // Purges read the holds under the same lock: none of them overlooks one that is being placed.
  await tables.change("LOCK TABLE holds IN SHARE ROW EXCLUSIVE MODE");
  const added: Hold[] = [];
  for (const rule of rules) {
    const [row] = await tables.rows<HoldRow>(
      "INSERT INTO holds (at, rule, reason, operator, host) VALUES ($1, $2, $3, $4, $5) RETURNING *",
      [tables.now, ruleText(rule), reason ?? null, operator?.name ?? null, operator?.host ?? null],
    );
    added.push(holdOf(row!));
  }
  for (const hold of added) {
    await appendChained(tables, "audits", auditRow(holdAudit("hold-add", hold, reason), operator, tables.now));
  }
  return added;
}

export async function removeHolds(
  tables: Tables,
  names: readonly string[],
  reason: string | undefined,
  operator: Operator | undefined,
): Promise<void> {
  await tables.change("LOCK TABLE holds IN SHARE ROW EXCLUSIVE MODE");
  for (const hold of (await holdsInForce(tables)).filter(({ name }) => names.includes(name))) {
    const seq = Number(hold.name.replace(/\D/g, ""));
    await tables.change("UPDATE holds SET removed = $1 WHERE seq = $2", [tables.now, seq]);
    await appendChained(tables, "audits", auditRow(holdAudit("hold-remove", hold, reason), operator, tables.now));
  }
}

/** What could not be read of the holds of a ledger that was copied here. */
export async function holdsLost(tables: Tables): Promise<string | undefined> {
  return (await keptValues(tables, [lostHolds])).get(lostHolds);
}

export async function confirmHolds(
  tables: Tables,
  reason: string | undefined,
  operator: Operator | undefined,
): Promise<void> {
  const lost = await holdsLost(tables);
  if (lost === undefined) return;
  await forget(tables, lostHolds);
  const line = { action: "hold-confirm", detail: `could not be read: ${lost}`, ...(reason && { reason }) } as const;
  await appendChained(tables, "audits", auditRow(line, operator, tables.now));
}

/** The holds in force, which nobody changes until the transaction ends. Throws `ledger` while some may be lost. */
export async function settledHolds(tables: Tables): Promise<Hold[]> {
  await tables.change("LOCK TABLE holds IN SHARE MODE");
  const lost = await holdsLost(tables);
  if (lost !== undefined) throw holdsAreLost(lost);
  return holdsInForce(tables);
}
