import type { CommandSpec } from "./options/commands.ts";

/** Every verb of callreel, in the order help shows them. */
export const commands: readonly CommandSpec[] = [];
