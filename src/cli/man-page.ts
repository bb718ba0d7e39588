import { mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { version } from "../platform/version.ts";
import { commands } from "./commands.ts";
import { headingOf, inHelpOrder } from "./help.ts";
import { type CommandSpec, groups, type OptionGroup } from "./options/groups.ts";
import { envNames, type OptionSpec } from "./options/option.ts";

/** The man page, in roff, from the definitions that help is made from. */
export function manPage(): string {
  const used = [...new Set([...commands.flatMap((spec) => spec.groups), groups.global])];
  return [
    `.TH CALLREEL 1 "" "callreel ${version()}" "User Commands"`,
    ".SH NAME",
    "callreel \\- download phone-call recordings and keep an archive you can trust",
    ".SH SYNOPSIS",
    ".B callreel",
    "COMMAND [OPTIONS]",
    ".SH DESCRIPTION",
    "Downloads call recordings in bulk from RingCentral and TIM Enterprise, checks and hashes each one, and can prove what is there and what is missing.",
    ".SH COMMANDS",
    ...inHelpOrder(commands).flatMap(sectionLines),
    ".SH OPTIONS",
    "Each option can also be set by an environment variable: CALLREEL_ and the option in capitals.",
    ...used.flatMap(groupLines),
    ".SH EXIT STATUS",
    ...exitStatus.flatMap(([code, means]) => [".TP", `.B ${code}`, escaped(means)]),
    ".SH SEE ALSO",
    "The README in the package: recipes for cron, pipes and the player.",
    "",
  ].join("\n");
}

/** A command's lines, under its group's heading where it is the first of it. */
function sectionLines(spec: CommandSpec, at: number, all: readonly CommandSpec[]): string[] {
  const heading = headingOf(spec.name);
  const before = all[at - 1];
  const isFirst = before === undefined || headingOf(before.name) !== heading;
  return [...(isFirst ? [`.SS ${escaped(heading.replace(/:$/, ""))}`] : []), ...commandLines(spec)];
}

function commandLines(spec: CommandSpec): string[] {
  const examples = spec.examples.flatMap(([line, says]) => [".IP", `\\fB${escaped(line)}\\fR`, ".br", escaped(says)]);
  return [".TP", `.B ${escaped(`${spec.name} ${spec.args ?? ""}`.trim())}`, escaped(spec.summary), ...examples];
}

function groupLines(group: OptionGroup): string[] {
  return [`.SS ${escaped(group.title)}`, ...Object.entries<OptionSpec<unknown>>(group.options).flatMap(optionLines)];
}

function optionLines([key, option]: [string, OptionSpec<unknown>]): string[] {
  const names = envNames(key, option).filter((name) => !name.startsWith("CALLREEL_"));
  const also = names.length === 0 ? "" : ` Environment: ${names.join(", ")}.`;
  const fallback = option.fallback === undefined ? "" : ` Default: ${option.fallback}.`;
  return [
    ".TP",
    `.B ${escaped(option.secret ? (names[0] ?? key) : option.flags)}`,
    escaped(`${option.help}.${fallback}${also}`),
  ];
}

function escaped(text: string): string {
  return text
    .replaceAll("\\", "\\\\")
    .replaceAll("-", "\\-")
    .replace(/^([.'])/, "\\&$1");
}

const exitStatus: readonly (readonly [number, string])[] = [
  [0, "everything selected is held and checked, or proven to be unobtainable"],
  [1, "unexpected error (a bug)"],
  [2, "wrong usage or settings, unreadable rows"],
  [
    3,
    "finished, but some recordings failed after their retries, are not proven to be gone yet, or may belong to the selection without saying so",
  ],
  [4, "a recording named on the command line does not exist"],
  [5, "temporary: source unreachable, rate limited, server errors; run again later"],
  [6, "verify or reconcile found differences"],
  [7, "login or permission refused"],
  [8, "a cap was reached; run again for more"],
  [11, "another run holds the archive's lock"],
  [13, "local disk: full, not writable, I/O error"],
  [130, "interrupted (143 by SIGTERM, 129 by SIGHUP); state is saved"],
  [141, "the reader of stdout went away"],
];

/** Writes the page where package.json's `man` points; the last step of the build. */
function writeManPage(): void {
  const folder = new URL("../../dist/man/", import.meta.url);
  mkdirSync(folder, { recursive: true });
  writeFileSync(new URL("callreel.1", folder), manPage());
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeManPage();
