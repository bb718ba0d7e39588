import { RecordingError } from "../../core/model/errors.ts";
import { text, value, webUrl } from "./option.ts";

/** How a bucket is reached that `--dest s3://…` names, and how objects are kept there. Its keys come from the environment alone. */
export const bucketOptions = {
  s3Endpoint: value("--s3-endpoint <url>", "an S3 server other than AWS; the bucket is then part of the path", webUrl, {
    env: ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"],
  }),
  s3Region: value("--s3-region <name>", "the bucket's region", region, {
    fallback: "us-east-1",
    env: ["AWS_REGION", "AWS_DEFAULT_REGION"],
  }),
  s3ObjectLock: value("--s3-object-lock <mode:period>", "lock each object: compliance:7y or governance:7y", objectLock),
  s3Sse: value("--s3-sse <kms:key>", "have the store encrypt with this key of its KMS", kmsKey),
  s3StorageClass: value("--s3-storage-class <name>", "the objects' storage class, such as STANDARD_IA", storageClass),
  spool: value("--spool <dir>", "where recordings gather before a bucket gets them (default: the state folder)", text),
} as const;

/** An archive: a folder, or `s3://bucket/prefix`, which is given back in its shortest form. Throws `usage` for another scheme. */
export function archivePlace(given: string): string {
  const [, scheme] = /^([a-z][a-z0-9+.-]+):\/\//i.exec(given) ?? [];
  if (scheme === undefined && !/^s3:/i.test(given)) return text(given);
  if (scheme !== undefined && scheme.toLowerCase() !== "s3") {
    throw new RecordingError("usage", `takes a folder or s3://bucket/prefix; there is no ${scheme}://.`);
  }
  const [, bucket = "", rest = ""] = /^s3:\/\/([^/]*)(.*)$/i.exec(given.trim()) ?? [];
  const parts = rest.split("/").filter((part) => part !== "");
  if (/^[A-Za-z0-9][A-Za-z0-9._-]{1,61}[A-Za-z0-9]$/.test(bucket) && !parts.some(isUnsafe)) {
    return ["s3:/", bucket, ...parts].join("/");
  }
  throw new RecordingError("usage", "takes s3://bucket or s3://bucket/prefix, and this names no bucket.");
}

function isUnsafe(part: string): boolean {
  return part === "." || part === ".." || part === ".callreel" || /[\x00-\x1f\x7f?#\\]/.test(part);
}

/** How long nobody can delete an object, and whether somebody with special rights may all the same (governance). */
export interface ObjectLock {
  readonly mode: "COMPLIANCE" | "GOVERNANCE";
  readonly keep: string;
}

function objectLock(given: string): ObjectLock {
  const [, mode, keep = ""] = /^(compliance|governance):([1-9]\d{0,3}(?:d|w|mo|y))$/i.exec(given.trim()) ?? [];
  if (mode !== undefined) return { mode: mode.toUpperCase() as ObjectLock["mode"], keep: keep.toLowerCase() };
  throw new RecordingError("usage", `"${given}" is not a lock; use compliance:7y or governance:7y.`);
}

function kmsKey(given: string): string {
  const [, key] = /^kms:([\x21-\x7e]{1,2048})$/.exec(given.trim()) ?? [];
  if (key !== undefined) return key;
  throw new RecordingError("usage", `"${given}" is not a key; use kms: and the key's name or ARN.`);
}

function storageClass(given: string): string {
  if (/^[A-Za-z0-9_-]{1,64}$/.test(given.trim())) return given.trim();
  throw new RecordingError("usage", `"${given}" is not a storage class; use a name such as STANDARD_IA.`);
}

function region(given: string): string {
  if (/^[A-Za-z0-9-]{1,64}$/.test(given.trim())) return given.trim();
  throw new RecordingError("usage", `"${given}" is not a region; use a name such as eu-central-1.`);
}
