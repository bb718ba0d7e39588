import { Command as Commander, CommanderError, Option } from "commander";
import { asRecordingError, RecordingError } from "../core/model/errors.ts";
import { forPeople } from "../core/width.ts";
import { version } from "../platform/version.ts";
import { commands } from "./commands.ts";
import type { Resolved, Settings } from "./config.ts";
import { exitCodeOf } from "./exit-codes.ts";
import {
  descriptionOf,
  helpLayout,
  inHelpOrder,
  introduce,
  isBrief,
  isEveryday,
  otherHeading,
  programDescription,
} from "./help.ts";
import type { Io } from "./io.ts";
import type { CommandSpec } from "./options/groups.ts";
import { groups } from "./options/groups.ts";
import type { OptionSpec } from "./options/option.ts";

/** The whole program over a given world: arguments in, exit code out. */
export async function main(argv: readonly string[], io: Io): Promise<number> {
  let code = 0;
  const program = buildProgram(argv, io, async (spec, args, flags) => {
    code = await runCommand(spec, args, flags, io);
  });
  try {
    await program.parseAsync(withoutHelpOfNothing(argv), { from: "user" });
    return code;
  } catch (thrown) {
    return failed(await told(thrown), io);
  }
}

/** Of help for what is no command, commander says nothing but all of its help: the name by itself is told as unknown. */
function withoutHelpOfNothing(argv: readonly string[]): readonly string[] {
  const [first, name] = argv;
  return first === "help" && name !== undefined && !commands.some((each) => each.name === name) ? argv.slice(1) : argv;
}

type Action = (spec: CommandSpec, args: readonly string[], flags: Record<string, unknown>) => Promise<void>;

function buildProgram(argv: readonly string[], io: Io, action: Action): Commander {
  const brief = isBrief(argv);
  const program = new Commander("callreel")
    .description(programDescription(brief))
    .version(version(), "--version", "print the version")
    .helpOption("-h, --help", "show help: -h in short, --help all of it")
    .commandsGroup(otherHeading)
    .helpCommand("help [command]", "show help for a command")
    .enablePositionalOptions()
    .showSuggestionAfterError(true)
    .exitOverride()
    .configureHelp(helpLayout(brief))
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: (text) => io.stderr.write(text),
      outputError: (text, write) => write(text.replace(/^error: /, "callreel: ")),
      getOutHelpWidth: () => widthOf(io.stdout),
      getErrHelpWidth: () => widthOf(io.stderr),
    })
    .addHelpText("after", brief ? "" : "\nEach command: callreel help COMMAND\nThe manual: man callreel");
  for (const spec of inHelpOrder(commands)) {
    const command = buildCommand(spec, program, action);
    // Hundreds of options are quicker left out than built: a command that nobody names needs none.
    if (argv.includes(spec.name)) addDetails(command, spec, brief, widthOf(io.stdout));
    program.addCommand(command);
  }
  return program;
}

/** How wide help may be: as the terminal, else 80 columns. */
function widthOf({ isTTY, columns }: Io["stdout"]): number {
  return (isTTY ? columns : undefined) ?? 80;
}

function buildCommand(spec: CommandSpec, program: Commander, action: Action): Commander {
  const command = introduce(new Commander(spec.name), spec).copyInheritedSettings(program).allowExcessArguments(false);
  for (const argument of spec.args?.split(" ") ?? []) command.argument(argument);
  command.action(async () => {
    await action(spec, command.args, flagsOf(command));
  });
  return command;
}

function addDetails(command: Commander, spec: CommandSpec, brief: boolean, width: number): void {
  command.description(descriptionOf(spec, brief, width));
  for (const group of [...spec.groups, groups.global]) {
    command.optionsGroup(`${group.title}:`);
    for (const [key, option] of Object.entries<OptionSpec<unknown>>(group.options)) {
      addOption(command, key, option, !brief || isEveryday(group.title, key));
    }
  }
}

function addOption(command: Commander, key: string, spec: OptionSpec<unknown>, shown: boolean): void {
  if (spec.secret) return;
  const help = spec.fallback === undefined ? spec.help : `${spec.help} (default: ${spec.fallback})`;
  // A name of its own keeps commander from pairing --no-x with --x.
  const option = new Option(spec.flags, help);
  option.attributeName = () => key;
  option.negate = false;
  option.hideHelp(!shown);
  if (spec.kind === "list") option.argParser((text: string, before: string[] = []) => [...before, text]);
  if (spec.kind === "count") option.argParser((_: unknown, before = 0) => Number(before) + 1);
  command.addOption(option);
}

function flagsOf(command: Commander): Record<string, unknown> {
  const given = command.opts();
  return Object.fromEntries(Object.entries(given).filter(([key]) => command.getOptionValueSource(key) === "cli"));
}

async function runCommand(
  spec: CommandSpec,
  args: readonly string[],
  flags: Record<string, unknown>,
  io: Io,
): Promise<number> {
  const begun = io.clock.monotonic();
  const { requireSettingsFile, resolveSettings } = await import("./config.ts");
  const raw = flags as Parameters<typeof resolveSettings>[0];
  if (!spec.withoutSettings && !spec.makesSettings) requireSettingsFile(raw);
  const resolved: Resolved = spec.withoutSettings ? { settings: {}, origins: {} } : await resolveSettings(raw, io.env);
  if (spec.foldersOnly) refuseBuckets(spec.name, [resolved.settings.dest, raw.dest, ...args]);
  const command = await spec.load();
  const run = (withIo: Io) =>
    command({
      io: withIo,
      begun,
      args,
      ...resolved,
      flags: raw,
      underProfile: async (name) => (await resolveSettings(raw, io.env, name)).settings,
    });
  return logsMessages(spec.name, resolved.settings) ? logged(spec.name, run, resolved.settings, io) : run(io);
}

/** What knows only folders would make one named after the bucket, or find an archive missing that is there. */
function refuseBuckets(name: string, places: readonly unknown[]): void {
  const bucket = places.find((place) => typeof place === "string" && /^s3:/i.test(place));
  if (bucket === undefined) return;
  throw new RecordingError(
    "usage",
    `callreel ${name} does not work with ${bucket} yet: only with archives in folders.`,
  );
}

/** Whether the command reports no run, whose reporter would open `--log-file` itself. */
function logsMessages(name: string, settings: Settings): boolean {
  if (settings.logFile === undefined) return false;
  if (name === "verify") return !settings.repair && !settings.rebuild;
  if (name === "adopt") return settings.rows === undefined && settings.database === undefined;
  if (name === "list") return settings.archive === true;
  return ["status", "report", "show", "audit", "export", "purge", "hold", "retention"].includes(name);
}

async function logged(name: string, run: (io: Io) => Promise<number>, settings: Settings, io: Io): Promise<number> {
  const { openMessageLog } = await import("../reporters/message-log.ts");
  const { logFile: file = "", logFormat: format = "text", timezone } = settings;
  const log = openMessageLog(name, io.stderr, { file, format, clock: io.clock, timezone });
  try {
    const code = await run({ ...io, stderr: log.stderr });
    log.ended(code);
    return code;
  } catch (error) {
    log.failed(asRecordingError(error).message);
    throw error;
  }
}

/** SQLite's own error, where nobody nearer told which file it was, as ours; loads what that needs only then. */
async function told(thrown: unknown): Promise<unknown> {
  if ((thrown as { code?: unknown } | undefined)?.code !== "ERR_SQLITE_ERROR") return thrown;
  const { sqliteError } = await import("../platform/sqlite.ts");
  const remedy = "run `callreel verify` to check whether it is the ledger";
  const damaged = { code: "ledger", remedy } as const;
  return sqliteError(thrown, { name: "A database file that this command uses", damaged, busy: "locked" });
}

/** Prints what went wrong as one sentence and gives the exit code; only a bug shows its stack. */
function failed(thrown: unknown, io: Io): number {
  if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? 0 : 2;
  const error = asRecordingError(thrown);
  if (error.code !== "reader-gone" && error.code !== "interrupted") {
    io.stderr.write(forPeople(`callreel: ${describe(error)}\n`, io.stderr));
  }
  return exitCodeOf(error.code, io.stoppedBy());
}

function describe(error: RecordingError): string {
  if (error.code !== "bug") return error.message;
  const cause = error.cause instanceof Error ? (error.cause.stack ?? error.cause.message) : "";
  return `${error.message}\nThis is a bug in callreel; please report it with the lines below.\n${cause}`;
}
