import { spawn } from "node:child_process";
import type { Io } from "./io.ts";

const openers: Readonly<Record<string, readonly [string, ...string[]]>> = {
  darwin: ["open"],
  win32: ["rundll32", "url.dll,FileProtocolHandler"],
};

/** Opens the address in the person's browser if there is one; without one nothing happens. */
export function openBrowser(address: string, { platform, env }: Io): void {
  const [command, ...args] = env.BROWSER ? [env.BROWSER] : (openers[platform] ?? ["xdg-open"]);
  const child = spawn(command as string, [...args, address], { detached: true, stdio: "ignore" });
  child.on("error", () => {});
  child.unref();
}
