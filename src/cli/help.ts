import { type Command, Help } from "commander";
import type { CommandSpec } from "./options/groups.ts";

/** What people come for, and the commands that do it, in the order help shows them; each in the few words of `-h`. */
const headings: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "Begin:": {
    setup: "connect a system, step by step",
    demo: "try everything without an account",
    sandbox: "both systems on this machine, to try against",
    doctor: "check login, network, disk and settings",
    auth: "log in, log out, or test a login",
    config: "settings and profiles",
  },
  "Download:": {
    download: "download recordings",
    list: "print what download would fetch, or what the archive holds",
    watch: "fetch each recording soon after its call",
    adopt: "take in the files of an older script, or of the portal",
  },
  "Listen and find:": {
    serve: "the player: a web page over the archive",
    link: "a URL that plays a recording",
    show: "all that the archive knows about a recording",
  },
  "Prove:": {
    status: "what is held, what failed and why, what expires soon",
    verify: "re-read the archive against its ledger",
    reconcile: "compare the source with the archive",
    report: "the auditor's page of a month",
    audit: "who did what with the archive, and when",
  },
  "Hand over and keep:": {
    export: "hand over a selection, with its sums",
    hold: "keep recordings from being purged",
    retention: "rules for how long recordings are kept",
    purge: "delete recordings here for good",
    ledger: "copy the ledger",
  },
  "Shell:": { completion: "completion script for bash, zsh or fish", help: "show help for a command" },
};

/** Where commands stand that have no heading of their own. */
export const otherHeading = "Shell:";

/** The commands in the order of their headings. */
export function inHelpOrder<T extends { readonly name: string }>(commands: readonly T[]): readonly T[] {
  const order = Object.values(headings).flatMap((words) => Object.keys(words));
  const place = ({ name }: T) => (order.includes(name) ? order.indexOf(name) : order.length);
  return [...commands].sort((one, other) => place(one) - place(other));
}

/** The heading that a command stands under, with its colon. */
export function headingOf(name: string): string {
  return Object.entries(headings).find(([, words]) => Object.hasOwn(words, name))?.[0] ?? otherHeading;
}

function fewWords(name: string): string | undefined {
  return Object.values(headings).find((words) => Object.hasOwn(words, name))?.[name];
}

/** Whether help is asked for in short, with `-h` or by no word at all; `--help` and `help` tell everything. */
export function isBrief(argv: readonly string[]): boolean {
  return argv.length === 0 || (argv.includes("-h") && !argv.includes("--help"));
}

/** The options that `-h` shows of the groups that many commands share; of its own ones a command shows each. */
const everyday: ReadonlySet<string> = new Set([
  ...["source", "rows", "from", "to", "month", "since", "number", "dest", "output", "transfers", "limitRate", "yes"],
  ...["maxDownloads", "dryRun", "errorFile", "json", "quiet", "verbose", "profile", "timezone", "utc"],
]);
const shared: ReadonlySet<string> = new Set([
  ...["Select", "Write", "Archive", "Pace and caps", "Run", "Show", "Global", "RingCentral", "TIM Enterprise", "TLS"],
]);

/** Whether `-h` shows an option of this group. */
export function isEveryday(group: string, key: string): boolean {
  return everyday.has(key) || !shared.has(group);
}

/** A command's line, and its examples before all options. */
export function descriptionOf({ name, summary, examples }: CommandSpec, brief: boolean, width: number): string {
  const shown = brief ? examples.slice(0, 3) : examples;
  const told = shown.map(([line, says]) => `${exampleLines(line, width - 2)}\n      ${says}`);
  return [
    summary,
    ...(told.length === 0 ? [] : ["", "Examples:", ...told]),
    ...(brief ? ["", `Everyday options; all of them: callreel ${name} --help`] : []),
  ].join("\n");
}

/** A command as it can be pasted into a shell, in lines of at most `width` where its words allow that. */
function exampleLines(line: string, width: number): string {
  const lines: string[] = [];
  let current = "";
  // A flag stays with its value, and a quoted word whole.
  for (const word of line.match(/(?:--?[\w-]+ )?(?:[^\s'"]|'[^']*'|"[^"]*")+/g) ?? []) {
    const next = current === "" ? word : `${current} ${word}`;
    if (current !== "" && next.length > width - 6) {
      lines.push(`${current} \\`);
      current = word;
    } else current = next;
  }
  return [...lines, current].map((each, at) => `${at === 0 ? "  " : "    "}${each}`).join("\n");
}

/** The program's own line, and the first steps before all commands. */
export function programDescription(brief: boolean): string {
  const says =
    "Downloads phone-call recordings from RingCentral and TIM Enterprise, and keeps an archive you can trust.";
  if (brief) return `${says}\n\nStart with: callreel demo, then callreel setup. All of it: callreel --help`;
  return `${says}

Examples:
  callreel demo
      look around without an account
  callreel setup
      connect your own, step by step
  callreel download -s ringcentral --month 2026-03 -d calls
      fetch a month
  callreel reconcile -s ringcentral --month 2026-03 -d calls
      prove that it is complete
  callreel serve -d calls --open
      listen and search`;
}

/** Roughly what fits beside the terms; below that a description stands under its term. */
const leastBeside = 28;

/** How help is laid out: nothing breaks inside a word, however narrow the terminal. */
export function helpLayout(brief: boolean): Partial<Help> {
  return {
    minWidthToWrap: 10,
    commandUsage(this: Help, command) {
      const usage = Help.prototype.commandUsage.call(this, command);
      return this.boxWrap(usage, (this.helpWidth ?? 80) - "Usage: ".length);
    },
    subcommandTerm: (command) =>
      brief ? command.name() : `${command.name()} ${command.usage().replace("[options]", "").trim()}`,
    subcommandDescription: (command) =>
      (brief ? fewWords(command.name()) : undefined) ?? (command.summary() || command.description()),
    formatItem(this: Help, term, termWidth, description, helper) {
      const width = this.helpWidth ?? 80;
      const isBeside = width - termWidth - 4 >= leastBeside;
      if (isBeside || description === "") {
        return Help.prototype.formatItem.call(this, term, termWidth, description, helper);
      }
      return `  ${term}\n${helper.boxWrap(description, width - 6).replace(/^/gm, "      ")}`;
    },
  };
}

/** Sets what help tells of a command among the others. */
export function introduce(command: Command, { name, summary }: CommandSpec): Command {
  return command.summary(summary).description(summary).helpGroup(headingOf(name));
}
