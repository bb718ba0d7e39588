import { spawn } from "node:child_process";

/** The service manager that started this process, as sd_notify(3) speaks to it. Nothing here ever throws or waits. */
export interface ServiceManager {
  /** Tells lines such as `READY=1`, `WATCHDOG=1` or `STATUS=…`. */
  tell(...lines: readonly string[]): void;
  /** How often it wants to hear `WATCHDOG=1`, in milliseconds; undefined where it keeps no watch over this process. */
  readonly watchdogMs: number | undefined;
}

/**
 * systemd's, where it asks for messages (`Type=notify` sets NOTIFY_SOCKET). Node has no datagrams on Unix sockets, so
 * systemd's own `systemd-notify` brings them: the unit needs `NotifyAccess=all`. `failed` hears, once, why it could not.
 */
export function openServiceManager(
  env: Readonly<Record<string, string | undefined>>,
  pid: number,
  failed: (why: string) => void,
): ServiceManager | undefined {
  const { NOTIFY_SOCKET, WATCHDOG_USEC, WATCHDOG_PID, PATH = "/usr/bin:/bin" } = env;
  if (!NOTIFY_SOCKET) return undefined;
  let isBroken = false;
  const broken = (why: string) => {
    if (!isBroken) failed(why);
    isBroken = true;
  };
  const everyMs = Number(WATCHDOG_USEC) / 1000;
  const isOurs = WATCHDOG_PID === undefined || Number(WATCHDOG_PID) === pid;
  return {
    watchdogMs: everyMs > 0 && isOurs ? everyMs : undefined,
    tell(...lines) {
      if (isBroken) return;
      const child = spawn("systemd-notify", ["--", ...lines], { env: { PATH, NOTIFY_SOCKET }, stdio: "ignore" });
      child.on("error", ({ code }: NodeJS.ErrnoException) => broken(`systemd-notify cannot be run (${code})`));
      child.on("exit", (code) => {
        if (code) broken(`systemd-notify failed (exit ${code})`);
      });
      child.unref();
    },
  };
}
