import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** A TCP proxy in front of a server on this machine, whose connections can be broken. */
export interface BreakingProxy extends AsyncDisposable {
  readonly port: number;
  /** Breaks every connection, and refuses new ones until `mend`. */
  cut(): void;
  mend(): void;
  /** Breaks the next connection whose client sends this text; `after` the server has answered it, or before it hears of it. */
  cutAt(text: string, after: boolean): void;
  /** Keeps the `nth` piece with this text that clients send, and all that its client sends after it, from the server; then resolves. */
  holdAt(text: string, nth: number): Promise<void>;
  /** How many connections were broken by `cutAt`. */
  cuts(): number;
}

export async function breakingProxy(target: number): Promise<BreakingProxy> {
  const open = new Set<Socket>();
  let isCut = false;
  let trap: { readonly text: string; readonly after: boolean } | undefined;
  let hold: { readonly text: string; left: number; readonly held: () => void } | undefined;
  let cuts = 0;

  const break_ = (...sockets: Socket[]) => {
    for (const socket of sockets) socket.destroy();
  };
  const server = createServer((client) => {
    if (isCut) return break_(client);
    const behind = connect(target, "127.0.0.1");
    open.add(client).add(behind);
    let dying = false;
    for (const [one, other] of [
      [client, behind],
      [behind, client],
    ] as const) {
      one.on("error", () => {});
      one.on("close", () => {
        open.delete(one);
        other.destroy();
      });
    }
    client.on("data", (bytes) => {
      if (hold !== undefined && bytes.includes(hold.text) && --hold.left === 0) {
        hold.held();
        hold = undefined;
        client.pause();
        return;
      }
      if (trap === undefined || !bytes.includes(trap.text)) return void behind.write(bytes);
      const { after } = trap;
      trap = undefined;
      cuts += 1;
      if (!after) return break_(client, behind);
      dying = true;
      behind.write(bytes);
    });
    behind.on("data", (bytes) => (dying ? break_(client, behind) : void client.write(bytes)));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    port,
    cut() {
      isCut = true;
      break_(...open);
    },
    mend() {
      isCut = false;
    },
    cutAt(text, after) {
      trap = { text, after };
    },
    holdAt: (text, nth) =>
      new Promise((held) => {
        hold = { text, left: nth, held };
      }),
    cuts: () => cuts,
    async [Symbol.asyncDispose]() {
      break_(...open);
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
