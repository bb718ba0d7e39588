import { generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";
import { createSecureContext, type SecureContext } from "node:tls";
import type { TlsMode } from "./settings.ts";

/** Certificates made on the spot, never written to disk, each of them with its own fault. */
export interface Certificates {
  /** The authority that signs all but the self-signed one, as PEM: what `--ca-file` takes. */
  readonly authority: string;
  context(mode: Exclude<TlsMode, "none">): SecureContext;
}

/** Makes nothing until the first certificate is asked for. */
export function openCertificates(): Certificates {
  const contexts = new Map<TlsMode, SecureContext>();
  let made: Signer | undefined;
  const authority = () => {
    made ??= makeAuthority();
    return made;
  };
  return {
    get authority() {
      return authority().pem;
    },
    context(mode) {
      const known = contexts.get(mode) ?? contextFor(mode, authority());
      contexts.set(mode, known);
      return known;
    },
  };
}

interface Signer {
  readonly name: string;
  readonly key: KeyObject;
  readonly pem: string;
}

const day = 86_400_000;

function makeAuthority(): Signer {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const name = "Sandbox authority";
  const pem = certificate({ subject: name, issuer: name, publicKey, privateKey, from: -day, to: 30 * day, ca: true });
  return { name, key: privateKey, pem };
}

function contextFor(mode: Exclude<TlsMode, "none">, authority: Signer): SecureContext {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const own = mode === "self-signed";
  const cert = certificate({
    subject: "localhost",
    issuer: own ? "localhost" : authority.name,
    publicKey,
    privateKey: own ? privateKey : authority.key,
    from: mode === "expired" ? -60 * day : -day,
    to: mode === "expired" ? -30 * day : 30 * day,
    hosts: mode === "wrong-host" ? ["elsewhere.example"] : ["localhost"],
    addresses: mode === "wrong-host" ? [] : [[127, 0, 0, 1]],
  });
  const key = privateKey.export({ type: "pkcs8", format: "pem" });
  const old = { minVersion: "TLSv1", maxVersion: "TLSv1.1", ciphers: "DEFAULT@SECLEVEL=0" } as const;
  return createSecureContext({ key, cert, ...(mode === "old-protocol" && old) });
}

interface Wanted {
  readonly subject: string;
  readonly issuer: string;
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
  /** Milliseconds from now. */
  readonly from: number;
  readonly to: number;
  readonly hosts?: readonly string[];
  readonly addresses?: readonly (readonly number[])[];
  readonly ca?: boolean;
}

/** An X.509 version 3 certificate (RFC 5280), signed with ECDSA and SHA-256. */
function certificate(wanted: Wanted): string {
  const algorithm = der(0x30, objectId(0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02));
  const serial = Buffer.concat([Buffer.from([0x01]), randomBytes(15)]);
  const body = der(
    0x30,
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, serial),
    algorithm,
    commonName(wanted.issuer),
    der(0x30, time(wanted.from), time(wanted.to)),
    commonName(wanted.subject),
    wanted.publicKey.export({ type: "spki", format: "der" }),
    der(0xa3, der(0x30, ...extensions(wanted))),
  );
  const signature = sign("sha256", body, wanted.privateKey);
  const whole = der(0x30, body, algorithm, der(0x03, Buffer.from([0]), signature));
  const lines = whole.toString("base64").match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
}

function extensions({ ca, hosts = [], addresses = [] }: Wanted): Buffer[] {
  const truth = der(0x01, Buffer.from([0xff]));
  if (ca) return [der(0x30, objectId(0x55, 0x1d, 0x13), truth, der(0x04, der(0x30, truth)))];
  const names = [
    ...hosts.map((host) => der(0x82, Buffer.from(host, "latin1"))),
    ...addresses.map((address) => der(0x87, Buffer.from(address))),
  ];
  return [der(0x30, objectId(0x55, 0x1d, 0x11), der(0x04, der(0x30, ...names)))];
}

function commonName(name: string): Buffer {
  return der(0x30, der(0x31, der(0x30, objectId(0x55, 0x04, 0x03), der(0x0c, Buffer.from(name, "utf8")))));
}

function time(fromNow: number): Buffer {
  const digits = new Date(Date.now() + fromNow).toISOString().replace(/\D/g, "").slice(0, 14);
  return der(0x18, Buffer.from(`${digits}Z`, "latin1"));
}

function objectId(...bytes: number[]): Buffer {
  return der(0x06, Buffer.from(bytes));
}

function der(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}
