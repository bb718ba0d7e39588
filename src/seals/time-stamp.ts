import { createHash, randomBytes } from "node:crypto";
import { Integer, Null, OctetString } from "asn1js";
import {
  AlgorithmIdentifier,
  Certificate,
  MessageImprint,
  SignedData,
  TimeStampReq,
  TimeStampResp,
  TSTInfo,
} from "pkijs";
import { RecordingError } from "../core/model/errors.ts";

const sha256Oid = "2.16.840.1.101.3.4.2.1";
const timeStampingOid = "1.3.6.1.5.5.7.3.8";
const extKeyUsageOid = "2.5.29.37";

/** A request for a time stamp (RFC 3161) of a head: of the very bytes that `.callreel/head` has, its line feed included. */
export interface TimeStampRequest {
  readonly der: Uint8Array;
  /** Checks the answer against this request; throws `bad-answer` for all but a stamp of this head. */
  check(answer: Uint8Array): Promise<void>;
}

export function timeStampRequest(head: string): TimeStampRequest {
  // A DER integer: a first byte below 0x80 keeps it positive, above zero keeps it whole.
  const nonce = Buffer.concat([Buffer.of(1), randomBytes(8)]);
  const request = new TimeStampReq({
    version: 1,
    messageImprint: new MessageImprint({
      hashAlgorithm: new AlgorithmIdentifier({ algorithmId: sha256Oid, algorithmParams: new Null() }),
      hashedMessage: new OctetString({ valueHex: arrayBuffer(imprintOf(head)) }),
    }),
    nonce: new Integer({ valueHex: arrayBuffer(nonce) }),
    certReq: true,
  });
  return {
    der: new Uint8Array(request.toSchema().toBER()),
    async check(answer) {
      const { info } = await readStamp(answer, head);
      const told = info.nonce === undefined ? undefined : Buffer.from(info.nonce.valueBlock.valueHexView);
      if (!told?.equals(nonce)) throw refused("it answers another request");
    },
  };
}

export interface TimeStamp {
  /** The authority's time. */
  readonly at: Date;
}

/** Reads a stamp of `head`; with `trusted` certificates its signer must lead to one of them. Throws `bad-answer` with the reason. */
export async function verifyTimeStamp(
  answer: Uint8Array,
  head: string,
  trusted: readonly Certificate[],
): Promise<TimeStamp> {
  const { info } = await readStamp(answer, head, trusted);
  return { at: info.genTime };
}

/** The certificates in a PEM text. */
export function certificatesIn(pem: string): Certificate[] {
  const blocks = pem.matchAll(/-----BEGIN CERTIFICATE-----([\s\S]*?)-----END CERTIFICATE-----/g);
  return [...blocks].map(([, base64 = ""]) => Certificate.fromBER(arrayBuffer(Buffer.from(base64, "base64"))));
}

async function readStamp(
  answer: Uint8Array,
  head: string,
  trusted?: readonly Certificate[],
): Promise<{ readonly info: TSTInfo }> {
  try {
    const { status, timeStampToken } = TimeStampResp.fromBER(arrayBuffer(answer));
    if (status.status > 1 || timeStampToken === undefined) throw refused(`it refused (status ${status.status})`);
    const signed = new SignedData({ schema: timeStampToken.content });
    const content = signed.encapContentInfo.eContent;
    if (content === undefined) throw refused("it has no content");
    const info = TSTInfo.fromBER(content.getValue());
    const imprint = info.messageImprint;
    const hashed = Buffer.from(imprint.hashedMessage.valueBlock.valueHexView);
    if (imprint.hashAlgorithm.algorithmId !== sha256Oid || !hashed.equals(imprintOf(head))) {
      throw refused("it is a stamp of something else");
    }
    await checkSignature(signed, head, info.genTime, trusted);
    return { info };
  } catch (error) {
    throw error instanceof RecordingError ? error : refused("it is not a time stamp", error);
  }
}

async function checkSignature(
  signed: SignedData,
  head: string,
  at: Date,
  trusted: readonly Certificate[] | undefined,
): Promise<void> {
  const outcome = await signed
    .verify({
      signer: 0,
      data: arrayBuffer(stampedBytes(head)),
      checkChain: trusted !== undefined,
      checkDate: at,
      ...(trusted !== undefined && { trustedCerts: [...trusted] }),
      extendedMode: true,
    })
    .catch((error: { readonly message?: string }) => {
      throw refused(`its signature cannot be verified (${error.message ?? "no reason given"})`, error);
    });
  if (outcome.signatureVerified !== true) throw refused("its signature is wrong");
  const usage = outcome.signerCertificate?.extensions?.find(({ extnID }) => extnID === extKeyUsageOid)?.parsedValue as
    | { readonly keyPurposes?: readonly string[] }
    | undefined;
  if (!usage?.keyPurposes?.includes(timeStampingOid)) throw refused("its signer is not allowed to issue time stamps");
}

function refused(why: string, cause?: unknown): RecordingError {
  return new RecordingError("bad-answer", `The time-stamp authority's answer cannot be used: ${why}.`, { cause });
}

function stampedBytes(head: string): Buffer {
  return Buffer.from(`${head}\n`);
}

function imprintOf(head: string): Buffer {
  return createHash("sha256").update(stampedBytes(head)).digest();
}

function arrayBuffer(bytes: Uint8Array): ArrayBuffer {
  return Uint8Array.from(bytes).buffer;
}
