import { generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";
import { createSecureContext, type SecureContext } from "node:tls";
import { BitString, fromBER, Integer, OctetString, Utf8String } from "asn1js";
import {
  AlgorithmIdentifier,
  AttributeTypeAndValue,
  BasicConstraints,
  Certificate,
  Extension,
  GeneralName,
  GeneralNames,
  PublicKeyInfo,
  RelativeDistinguishedNames,
  Time,
} from "pkijs";
import type { TlsMode } from "./site-settings.ts";

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
  const made = new Certificate({
    version: 2,
    serialNumber: new Integer({ valueHex: Uint8Array.of(1, ...randomBytes(15)) }),
    signature: ecdsaWithSha256(),
    signatureAlgorithm: ecdsaWithSha256(),
    issuer: commonName(wanted.issuer),
    subject: commonName(wanted.subject),
    notBefore: new Time({ value: new Date(Date.now() + wanted.from) }),
    notAfter: new Time({ value: new Date(Date.now() + wanted.to) }),
    extensions: [wanted.ca ? authorityMark() : alternativeNames(wanted)],
  });
  const spki = fromBER(wanted.publicKey.export({ type: "spki", format: "der" }));
  made.subjectPublicKeyInfo = new PublicKeyInfo({ schema: spki.result });
  made.tbsView = new Uint8Array(made.encodeTBS().toBER());
  made.signatureValue = new BitString({ valueHex: sign("sha256", made.tbsView, wanted.privateKey) });
  const base64 = Buffer.from(made.toSchema().toBER()).toString("base64");
  return `-----BEGIN CERTIFICATE-----\n${base64.replace(/.{1,64}/g, "$&\n")}-----END CERTIFICATE-----\n`;
}

function ecdsaWithSha256(): AlgorithmIdentifier {
  return new AlgorithmIdentifier({ algorithmId: "1.2.840.10045.4.3.2" });
}

function commonName(name: string): RelativeDistinguishedNames {
  const value = new Utf8String({ value: name });
  return new RelativeDistinguishedNames({ typesAndValues: [new AttributeTypeAndValue({ type: "2.5.4.3", value })] });
}

function authorityMark(): Extension {
  const extnValue = new BasicConstraints({ cA: true }).toSchema().toBER();
  return new Extension({ extnID: "2.5.29.19", critical: true, extnValue });
}

function alternativeNames({ hosts = [], addresses = [] }: Wanted): Extension {
  const names = [
    ...hosts.map((value) => new GeneralName({ type: 2, value })),
    ...addresses.map(
      (bytes) => new GeneralName({ type: 7, value: new OctetString({ valueHex: Uint8Array.from(bytes) }) }),
    ),
  ];
  return new Extension({ extnID: "2.5.29.17", extnValue: new GeneralNames({ names }).toSchema().toBER() });
}
