import { RecordingError } from "../../core/model/errors.ts";
import type { AudioType, RecordingKey, ResponseHead, Stored } from "../../core/model/recording.ts";
import type { FileFacts } from "../../core/model/store.ts";

/** How objects are stored, as the settings ask. */
export interface ObjectSettings {
  readonly lock?: { readonly mode: "COMPLIANCE" | "GOVERNANCE"; retainUntilMs(nowMs: number): number };
  /** The key's name or ARN in the store's KMS. */
  readonly kmsKey?: string;
  readonly storageClass?: string;
}

/** The headers that a recording is stored with, besides what signs it. */
export function audioHeaders(key: RecordingKey, stored: Stored): Record<string, string> {
  const { sha256, contentType, audioSeconds } = stored;
  return {
    "content-type": contentType,
    "x-amz-meta-callreel-key": key,
    "x-amz-meta-callreel-sha256": sha256,
    ...(audioSeconds === undefined ? {} : { "x-amz-meta-callreel-audio-seconds": String(audioSeconds) }),
  };
}

/** The headers for encryption, storage class and lock. */
export function keepingHeaders({ lock, kmsKey, storageClass }: ObjectSettings, nowMs: number): Record<string, string> {
  return {
    ...(storageClass === undefined ? {} : { "x-amz-storage-class": storageClass }),
    ...(kmsKey === undefined
      ? {}
      : { "x-amz-server-side-encryption": "aws:kms", "x-amz-server-side-encryption-aws-kms-key-id": kmsKey }),
    ...(lock === undefined
      ? {}
      : {
          "x-amz-object-lock-mode": lock.mode,
          "x-amz-object-lock-retain-until-date": new Date(lock.retainUntilMs(nowMs)).toISOString(),
        }),
  };
}

const sizePattern = /^\d{1,15}$/;

/** Reads the facts from an answer's head; of a part's answer the whole's size. */
export function factsIn({ headers }: ResponseHead): FileFacts {
  const total = /\/(\d{1,15})$/.exec(headers["content-range"] ?? "")?.[1] ?? headers["content-length"] ?? "";
  if (!sizePattern.test(total)) throw new RecordingError("bad-answer", "The store does not tell the object's size.");
  const sha256 = headers["x-amz-meta-callreel-sha256"];
  const key = headers["x-amz-meta-callreel-key"];
  const seconds = Number(headers["x-amz-meta-callreel-audio-seconds"] ?? Number.NaN);
  const type = headers["content-type"] ?? "";
  const etag = etagOf({ headers });
  const lockedUntilMs = lockOf({ headers })?.untilMs;
  const retention = retentionOf({ headers });
  return {
    bytes: Number(total),
    changedMs: Date.parse(headers["last-modified"] ?? "") || 0,
    ...(sha256 !== undefined && /^[0-9a-f]{64}$/.test(sha256) ? { sha256 } : {}),
    ...(etag === undefined ? {} : { etag }),
    ...(key !== undefined && /^(?:ringcentral|tim)\/[\x21-\x7e]{1,1500}$/.test(key) ? { key } : {}),
    ...(/^audio\/(?:wav|mpeg|ogg|flac|mp4|aac|amr|basic)$/.test(type) ? { contentType: type as AudioType } : {}),
    ...(seconds >= 0 && Number.isFinite(seconds) ? { audioSeconds: seconds } : {}),
    ...(lockedUntilMs === undefined ? {} : { lockedUntilMs }),
    ...(retention === undefined ? {} : { retention }),
  };
}

/** What the store calls the object's bytes, without the quotes; never computed: only some stores take the MD5 for it. */
export function etagOf({ headers }: Pick<ResponseHead, "headers">): string | undefined {
  return /^"?([\x21\x23-\x7e]{1,200})"?$/.exec(headers.etag ?? "")?.[1];
}

/** The lock that an answer tells of, with its mode; a legal hold is one without an end. */
export function lockOf({
  headers,
}: Pick<ResponseHead, "headers">): { readonly mode: string; readonly untilMs: number } | undefined {
  if (headers["x-amz-object-lock-legal-hold"]?.toUpperCase() === "ON") {
    return { mode: "LEGAL-HOLD", untilMs: Number.MAX_SAFE_INTEGER };
  }
  return retentionOf({ headers });
}

function retentionOf({ headers }: Pick<ResponseHead, "headers">) {
  const untilMs = Date.parse(headers["x-amz-object-lock-retain-until-date"] ?? "");
  if (Number.isNaN(untilMs)) return undefined;
  return { mode: (headers["x-amz-object-lock-mode"] ?? "").toUpperCase(), untilMs };
}
