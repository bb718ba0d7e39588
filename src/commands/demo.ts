import { rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { type RawFlags, resolveSettings } from "../cli/config.ts";
import { worst } from "../cli/exit-codes.ts";
import type { Command, Invocation, Io } from "../cli/io.ts";
import { type Column, formatTable, tableWidth } from "../cli/table.ts";
import { openExistingLedger } from "../composition/archive.ts";
import { timeText } from "../core/local-time.ts";
import type { LedgerEntry } from "../core/model/ledger.ts";
import { formatBytes, formatDuration, formatNumberOf } from "../core/text.ts";
import { openSandbox, type Sandbox } from "../sandbox/index.ts";

/**
 * Both systems on this machine and a real download from both, with a token that dies and a 429 on the way. Repeated,
 * everything is there already.
 */
export function demoOf(download: Command): Command {
  return (invocation) => demo(invocation, download);
}

async function demo({ io, flags }: Invocation, download: Command): Promise<number> {
  const dest = resolve(io.cwd, typeof flags.dest === "string" ? flags.dest : "./recordings");
  const { utc, timezone } = flags;
  const zone = { ...(utc !== undefined && { utc }), ...(timezone !== undefined && { timezone }) };
  const state = join(dest, ".callreel", "demo-state");
  const say = (text: string) => io.stderr.write(text);
  const sandbox = await openDemoSandbox();
  try {
    say(
      "A RingCentral and a TIM Enterprise run on this machine now,\nmade from the vendors' public documentation.\n\n",
    );
    say("RingCentral: the call log; on the way a token expires and a 429 arrives unannounced.\n");
    const { faults } = sandbox.ringcentral.settings;
    faults.push({ route: "content", kind: "expire-token", skip: 3, times: 1 });
    faults.push({ route: "content", kind: "status", status: 429, code: "CMN-301", retryAfter: 2, skip: 8, times: 1 });
    const first = await run(download, sandbox, io, state, {
      source: "ringcentral",
      from: "2026-01-01",
      to: "2026-03-01",
      dest,
      ...zone,
    });
    say("\nTIM Enterprise: rows of its calls table; each token URL is requested just before it is used.\n");
    const second = await run(download, sandbox, io, state, { source: "tim", rows: [sandbox.rowsFile], dest, ...zone });
    await showArchive(io, { dest, ...zone });
    return worst([first, second]);
  } finally {
    await sandbox.close();
    await rm(state, { recursive: true, force: true });
  }
}

/** The same calls whenever the demo runs, so that the second time everything is there. */
function openDemoSandbox(): Promise<Sandbox> {
  const endMs = Date.UTC(2026, 1, 20, 17);
  return openSandbox({
    ringcentral: {
      data: { recordings: 14, layout: "plain", days: 12, endMs, seconds: [8, 40] },
      settings: {
        limits: { heavy: { limit: 12, windowSeconds: 2, penaltySeconds: 2 } },
        content: { type: "audio/mpeg", retentionDays: 36_500 },
      },
    },
    tim: { data: { rows: 16 } },
  });
}

/** A download as the command line would run it, but with the sandbox's logins and a state folder of its own. */
async function run(download: Command, sandbox: Sandbox, io: Io, state: string, flags: RawFlags): Promise<number> {
  const { CALLREEL_ROWS: _, ...logins } = sandbox.env;
  const { HOME, NO_COLOR, TERM } = io.env;
  const env = { HOME, NO_COLOR, TERM, XDG_STATE_HOME: state, XDG_CONFIG_HOME: state, ...logins };
  const resolved = await resolveSettings(flags, env);
  const begun = io.clock.monotonic();
  return download({
    io: { ...io, env },
    begun,
    args: [],
    flags,
    ...resolved,
    underProfile: async () => resolved.settings,
  });
}

const columnsIn = (timezone: string | undefined): readonly Column<LedgerEntry>[] => [
  { title: "START", value: ({ ref }) => timeText(ref.call.start, timezone), telling: true },
  { title: "FROM", value: ({ ref }) => ref.call.from ?? "" },
  { title: "TO", value: ({ ref }) => ref.call.to ?? "" },
  { title: "AUDIO", align: "right", value: ({ stored }) => formatDuration((stored?.audioSeconds ?? 0) * 1000) },
  { title: "SIZE", align: "right", value: ({ stored }) => formatBytes(stored?.bytes ?? 0) },
  { title: "SHA-256", value: ({ stored }) => stored?.sha256.slice(0, 12) ?? "" },
];

async function showArchive(io: Io, flags: RawFlags): Promise<void> {
  const { settings } = await resolveSettings(flags, {});
  await using ledger = await openExistingLedger(settings, io);
  const held: LedgerEntry[] = [];
  for await (const page of ledger.entries({ states: ["done"] })) held.push(...page);
  io.stdout.write(`\n${formatTable(held, columnsIn(settings.timezone), tableWidth(io.stdout))}`);
  const hint = "Listen: callreel serve. Prove: callreel verify. Run callreel demo again and it skips everything.";
  io.stdout.write(`\n${formatNumberOf(held.length, "recording")}, checked and hashed, in ${settings.dest}\n${hint}\n`);
}
