import { type Hold, ruleInWords, ruleOf } from "../core/holds.ts";
import type { AuditLine } from "../core/model/catalogue.ts";

/** The note of a rebuild that could not read all holds. */
export const lostHolds = "holds that may be lost";

/** A line of `holds`, as it stands there. */
export interface HoldRow {
  readonly seq: number;
  readonly at: number;
  readonly rule: string;
  readonly reason: string | null;
  readonly operator: string | null;
  readonly host: string | null;
}

/** What the audit log says of a hold that is placed or lifted. */
export function holdAudit(action: AuditLine["action"], { name, rule }: Hold, reason: string | undefined): AuditLine {
  return {
    action,
    ...(rule?.key !== undefined && { key: rule.key }),
    detail: `${name}: ${ruleInWords(rule, "UTC")}`,
    ...(reason !== undefined && { reason }),
  };
}

/** What people call the hold of a row. */
export function nameOf(seq: number): string {
  return `hold-${seq}`;
}

/** The hold of a row. */
export function holdOf({ seq, at, rule, reason, operator, host }: HoldRow): Hold {
  const read = ruleOf(rule);
  return {
    name: nameOf(seq),
    atMs: at,
    ...(read !== undefined && { rule: read }),
    ...(reason !== null && { reason }),
    ...(operator !== null && { by: operator }),
    ...(host !== null && { host }),
  };
}
