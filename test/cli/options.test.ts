import { expect, test } from "vitest";
import { commands } from "../../src/cli/commands.ts";
import { allOptions, groups } from "../../src/cli/options/groups.ts";

/** What the owner of an archive decides once, and no single command. */
const settingsAlone = ["auditReason"];

test("every other setting is an option of some verb", () => {
  const offered = [...commands.flatMap((command) => command.groups), groups.global].flatMap(({ options }) =>
    Object.values(options),
  );
  const orphans = Object.entries(allOptions).filter(([, option]) => !offered.includes(option));
  expect(orphans.map(([key]) => key)).toEqual(settingsAlone);
});
