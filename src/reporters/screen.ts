import type { Reporter } from "../core/ports.ts";

/** A reporter that also lets others speak to the person without getting in each other's way. */
export interface Screen extends Reporter {
  /** For log lines and the like, whole lines with their line break: above the bars where there are bars. */
  readonly messages: { write(text: string): void };
}
