import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

/** A process of its own, running a module's source text; it tells its progress in lines. */
export interface ModuleChild {
  readonly process: ChildProcess;
  /** The next line it prints; rejects with its stderr when it ends first. */
  line(): Promise<string>;
  /** Kills it with SIGKILL and waits until it is gone. */
  kill(): Promise<void>;
  /** Waits for its end and gives its exit code. */
  ended(): Promise<number | null>;
}

/** Starts Node on `source`, which sees `args` as process.argv.slice(1) and built modules through `built("ledgers/index.js")`. */
export function startModule(source: string, args: readonly string[] = []): ModuleChild {
  const dist = new URL("../../dist/", import.meta.url).href;
  const prelude = `const built = (name) => import(${JSON.stringify(dist)} + name);\n`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", prelude + source, ...args], {
    stdio: ["pipe", "pipe", "pipe"],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  let errors = "";
  child.stderr.on("data", (chunk) => {
    errors += chunk;
  });
  const exit = once(child, "close") as Promise<[number | null]>;
  return {
    process: child,
    line: async () => {
      const { value, done } = await lines.next();
      if (done) throw new Error(`The child ended: ${errors}`);
      return value;
    },
    kill: async () => {
      child.kill("SIGKILL");
      await exit;
    },
    ended: async () => (await exit)[0],
  };
}
