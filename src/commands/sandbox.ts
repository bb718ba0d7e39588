import { once } from "node:events";
import { exitCodeOf } from "../cli/exit-codes.ts";
import type { Invocation } from "../cli/io.ts";
import { envNames, faultOf, type OptionSpec, optionName, type ValuesOf } from "../cli/options/option.ts";
import { sandboxOptions } from "../cli/options/serving.ts";
import { RecordingError } from "../core/model/errors.ts";
import { openSandbox, type Sandbox, type SandboxOptions } from "../sandbox/index.ts";

export type SandboxFlags = ValuesOf<typeof sandboxOptions>;

/** Runs a RingCentral and a TIM Enterprise on this machine until somebody stops it; prints how to reach them. */
export async function sandbox({ flags, io }: Pick<Invocation, "flags" | "io">): Promise<number> {
  const given = parseFlags(flags, io.env);
  const running = await openSandbox(optionsOf(given)).catch(portTaken);
  try {
    io.stdout.write(given.json ? `${JSON.stringify(running.env)}\n` : welcome(running, given.days ?? 30));
    if (!io.stop.aborted) await once(io.stop, "abort");
  } finally {
    await running.close();
  }
  return exitCodeOf("interrupted", io.stoppedBy());
}

function parseFlags(flags: Invocation["flags"], env: Invocation["io"]["env"]): SandboxFlags {
  const parsed = Object.entries<OptionSpec<unknown>>(sandboxOptions).flatMap(([key, spec]) => {
    const variable = envNames(key, spec).find((name) => env[name]);
    const raw = flags[key] ?? (variable && env[variable]);
    if (raw === undefined) return [];
    try {
      return [[key, spec.parse(String(raw))]];
    } catch (error) {
      if (!(error instanceof RecordingError)) throw error;
      const origin = flags[key] === undefined && variable !== undefined ? variable : `--${optionName(key, spec)}`;
      throw new RecordingError("usage", faultOf(origin, error.message));
    }
  });
  return Object.fromEntries(parsed) as SandboxFlags;
}

function optionsOf(flags: SandboxFlags): SandboxOptions {
  const { recordings, days, rate, window: seconds, tokenTtl, timRows = 24, timAuth } = flags;
  return {
    ports: defined({
      ringcentral: flags.ringcentralPort,
      media: flags.mediaPort,
      tim: flags.timPort,
      echo: flags.echoPort,
    }),
    ringcentral: {
      data: defined({ recordings, days }),
      settings: { limits: { heavy: defined({ limit: rate, windowSeconds: seconds, penaltySeconds: seconds }) } },
    },
    tim: {
      data: { rows: timRows, ...defined({ days }) },
      settings: {
        login: defined({ mode: timAuth }),
        token: defined({ ttlMs: tokenTtl === undefined ? undefined : tokenTtl * 1_000 }),
      },
    },
  };
}

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

/** Without the fields nobody gave, so that the sandbox's own defaults stand. */
function defined<T extends object>(fields: T): Defined<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, field]) => field !== undefined)) as Defined<T>;
}

function portTaken(error: NodeJS.ErrnoException & { port?: number }): never {
  if (error.code !== "EADDRINUSE" && error.code !== "EACCES") throw error;
  const why = error.code === "EACCES" ? "cannot be opened by this user" : "is taken";
  throw new RecordingError("usage", `Port ${error.port} ${why}; give another port, or 0 for any free one.`);
}

function welcome({ ringcentral, tim, env, rowsFile }: Sandbox, days: number): string {
  const { heavy } = ringcentral.settings.limits;
  const exports = Object.entries(env)
    .filter(([name]) => name !== "CALLREEL_ROWS")
    .map(([name, text]) => `  export ${name}=${quoted(text)}`);
  return `A RingCentral and a TIM Enterprise are running on this machine, built from public documentation.

  RingCentral  ${ringcentral.apiUrl}, media ${ringcentral.mediaUrl}
               ${heavy.limit} heavy requests in ${heavy.windowSeconds} s
  TIM          ${tim.timUrl}, Echo ${tim.echoUrl}
               ${tim.rows().length} calls, token URLs live ${tim.settings.token.ttlMs / 1_000} s

In another terminal:

${exports.join("\n")}

  callreel download -s ringcentral --from ${days}d
  callreel download -s tim --rows ${quoted(rowsFile)}

Ctrl-C stops it.
`;
}

/** As a POSIX shell takes it. */
function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
