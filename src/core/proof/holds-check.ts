import type { Hold } from "../holds.ts";
import type { AuditRecord } from "../model/catalogue.ts";

/** A hold that the audit log has in force and the ledger has not. */
export interface MissingHold {
  readonly name: string;
  readonly reason: string;
}

/** Compares legal holds with the audit lines of them, which are to be told oldest first. */
export interface HoldsCheck {
  told(line: Pick<AuditRecord, "action" | "detail">): void;
  /** Those that were placed, never lifted, and are not among `standing`. */
  missing(standing: readonly Pick<Hold, "name">[]): readonly MissingHold[];
}

/** A hold-confirm settles what came before it: somebody has answered for the holds that a rebuild could not read. */
export function openHoldsCheck(): HoldsCheck {
  const placed = new Set<string>();
  const replaced = new Set<string>();
  return {
    told: ({ action, detail = "" }) => {
      const name = /^hold-\d+(?=:)/.exec(detail)?.[0];
      if (action === "hold-confirm") for (const names of [placed, replaced]) names.clear();
      if (name === undefined) return;
      if (action === "hold-remove") placed.delete(name);
      if (action !== "hold-add") return;
      // No name is given twice while its hold stands, so the first one's row is gone.
      if (placed.has(name)) replaced.add(name);
      placed.add(name);
    },
    missing: (standing) => {
      const names = new Set(standing.map(({ name }) => name));
      const gone = [...placed].filter((name) => !names.has(name));
      return [...new Set([...gone, ...replaced])].map((name) => ({
        name,
        reason: "the audit log says that this legal hold was placed and never removed, but the ledger no longer has it",
      }));
    },
  };
}
