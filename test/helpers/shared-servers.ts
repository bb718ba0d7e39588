import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { inject } from "vitest";
import type { TestProject } from "vitest/node";
import { startCeph } from "./ceph.ts";
import { startPostgres } from "./postgres.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** Where the test files ask for the servers that they share. */
    readonly sharedServers: string;
  }
}

const kinds = { postgres: startPostgres, ceph: startCeph };
type Shared<K extends keyof typeof kinds> = Awaited<ReturnType<(typeof kinds)[K]>>;

/** Vitest calls it before a run: starts a server of each kind when a file first asks for it, and stops them at the end. */
export default async function lendServers({ provide }: Pick<TestProject, "provide">): Promise<() => Promise<void>> {
  const started = new Map<string, Promise<AsyncDisposable>>();
  const lender = createServer(async ({ url = "" }, response) => {
    const kind = url.slice(1) as keyof typeof kinds;
    if (!started.has(kind)) started.set(kind, kinds[kind]());
    const answer = await started.get(kind)?.catch(String);
    response.writeHead(typeof answer === "string" ? 500 : 200).end(JSON.stringify(answer));
  });
  await new Promise<void>((resolve) => lender.listen(0, "127.0.0.1", resolve));
  provide("sharedServers", `http://127.0.0.1:${(lender.address() as AddressInfo).port}`);
  return async () => {
    lender.close();
    for (const server of started.values()) await (await server.catch(() => undefined))?.[Symbol.asyncDispose]();
  };
}

/** What is told of the server of this kind that all files of a run share: its plain values, none of its functions. */
export async function sharedServer<K extends keyof typeof kinds>(kind: K): Promise<Plain<Shared<K>>> {
  const answer = await fetch(`${inject("sharedServers")}/${kind}`);
  if (!answer.ok) throw new Error(`The shared ${kind} did not start: ${await answer.text()}`);
  return (await answer.json()) as Plain<Shared<K>>;
}

type Plain<T> = { [K in keyof T as T[K] extends (...args: never[]) => unknown ? never : K]: T[K] };
