import { type Hold, type HoldRule, holdsAreLost, ruleText } from "../../core/holds.ts";
import type { AuditLine } from "../../core/model/catalogue.ts";
import type { Operator } from "../../platform/operator.ts";
import { type HoldRow, holdAudit, holdOf, lostHolds, nameOf } from "../hold-rows.ts";
import type { Database } from "./database.ts";
import { openKeyValue } from "./key-value.ts";

/** Legal holds: what no purge deletes. Placing and lifting them is audited in the same transaction. */
export interface Holds {
  /** Those in force, oldest first. */
  list(): readonly Hold[];
  add(rules: readonly HoldRule[], reason: string | undefined, now: number): readonly Hold[];
  remove(names: readonly string[], reason: string | undefined, now: number): void;
  /** What a rebuild could not read of the holds, until somebody has confirmed that all that are needed stand. */
  lost(): string | undefined;
  confirm(reason: string | undefined, now: number): void;
  /** Throws `ledger` while holds may be lost: nobody can tell what must be kept. */
  mustBeKnown(): void;
}

export function openHolds(
  database: Database,
  operator: Operator | undefined,
  audit: (line: AuditLine, now: number) => void,
): Holds {
  const { sqlite } = database;
  const kept = openKeyValue(database);
  const list = () =>
    (sqlite.prepare("SELECT * FROM holds WHERE removed IS NULL ORDER BY seq").all() as HoldRow[]).map(holdOf);
  return {
    list,
    add: (rules, reason, now) =>
      database.write(() => {
        const insert = sqlite.prepare("INSERT INTO holds (at, rule, reason, operator, host) VALUES (?, ?, ?, ?, ?)");
        const who = [operator?.name ?? null, operator?.host ?? null] as const;
        const names = rules.map((rule) => {
          return nameOf(Number(insert.run(now, ruleText(rule), reason ?? null, ...who).lastInsertRowid));
        });
        const added = list().filter(({ name }) => names.includes(name));
        for (const hold of added) audit(holdAudit("hold-add", hold, reason), now);
        return added;
      }),
    remove: (names, reason, now) =>
      database.write(() => {
        const lift = sqlite.prepare("UPDATE holds SET removed = ? WHERE seq = ? AND removed IS NULL");
        for (const hold of list().filter(({ name }) => names.includes(name))) {
          lift.run(now, Number(hold.name.replace(/\D/g, "")));
          audit(holdAudit("hold-remove", hold, reason), now);
        }
      }),
    lost: () => kept.get(lostHolds),
    confirm: (reason, now) =>
      database.write(() => {
        const lost = kept.get(lostHolds);
        if (lost === undefined) return;
        kept.remove(lostHolds);
        audit({ action: "hold-confirm", detail: `could not be read: ${lost}`, ...(reason && { reason }) }, now);
      }),
    mustBeKnown: () => {
      const lost = kept.get(lostHolds);
      if (lost !== undefined) throw holdsAreLost(lost);
    },
  };
}
