import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";

/** A time stamp authority on this machine: `openssl ts` behind HTTP, with a root and a signer of its own. */
export interface TimeStampAuthority extends AsyncDisposable {
  readonly url: string;
  /** The root's certificate (PEM). */
  readonly rootFile: string;
  /** What it answers instead of a stamp, once set. */
  answer: { readonly status?: number; readonly body?: Uint8Array } | undefined;
}

export async function openTimeStampAuthority(folder: string): Promise<TimeStampAuthority> {
  const openssl = (...args: string[]) => execFileSync("openssl", args, { cwd: folder, stdio: "pipe" });
  writeFileSync(join(folder, "ts.cnf"), settings);
  const subject = (name: string) => ["-nodes", "-newkey", "rsa:2048", "-subj", `/CN=${name}`, "-config", "ts.cnf"];
  openssl("req", "-x509", ...subject("root"), "-keyout", "root.key", "-out", "root.pem", "-extensions", "root");
  openssl("req", ...subject("stamps"), "-keyout", "tsa.key", "-out", "tsa.csr");
  const extensions = ["-extfile", "ts.cnf", "-extensions", "stamps"];
  openssl(
    "x509",
    "-req",
    "-in",
    "tsa.csr",
    "-CA",
    "root.pem",
    "-CAkey",
    "root.key",
    "-CAcreateserial",
    "-out",
    "tsa.pem",
    ...extensions,
  );
  writeFileSync(join(folder, "serial"), "01\n");
  const authority: Pick<TimeStampAuthority, "answer"> = { answer: undefined };
  const server = createServer(async (request, response) => {
    writeFileSync(join(folder, "query.tsq"), await buffer(request));
    openssl("ts", "-reply", "-queryfile", "query.tsq", "-out", "reply.tsr", "-config", "ts.cnf");
    const { status = 200, body = execFileSync("cat", [join(folder, "reply.tsr")]) } = authority.answer ?? {};
    response.writeHead(status, { "content-type": "application/timestamp-reply" }).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return Object.assign(authority, {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/stamp`,
    rootFile: join(folder, "root.pem"),
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  });
}

const settings = `
[req]
distinguished_name = name
[name]
[root]
basicConstraints = critical, CA:true
keyUsage = critical, keyCertSign, cRLSign
[stamps]
basicConstraints = CA:false
keyUsage = critical, digitalSignature
extendedKeyUsage = critical, timeStamping
[tsa]
default_tsa = stamper
[stamper]
serial = serial
signer_cert = tsa.pem
signer_key = tsa.key
certs = root.pem
signer_digest = sha256
default_policy = 1.2.3.4
digests = sha256
ess_cert_id_alg = sha256
`;
