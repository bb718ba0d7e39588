/** A place in a bucket: everything of one archive stands below it. */
export interface S3Place {
  readonly bucket: string;
  /** Empty, or ending in `/`. */
  readonly prefix: string;
}

/** How the store is reached. */
export interface S3Server {
  /** Without a path's last `/`; AWS where there is none. */
  readonly endpoint?: string;
  readonly region: string;
}

/** What a name says that is known to be sound: `s3://bucket/prefix`. */
export function placeOf(name: string): S3Place {
  const [bucket = "", ...parts] = name.slice("s3://".length).split("/");
  return { bucket, prefix: parts.map((part) => `${part}/`).join("") };
}

/** The place as people write it: `s3://bucket/prefix`. */
export function nameOf({ bucket, prefix }: S3Place): string {
  return `s3://${bucket}${prefix === "" ? "" : `/${prefix.slice(0, -1)}`}`;
}

/**
 * The URL of an object, or of the bucket for an empty key. The bucket is part of the path where an endpoint is named, and
 * where its dots would not fit AWS's certificates; else of the host.
 */
export function urlOf(
  { endpoint, region }: S3Server,
  bucket: string,
  key: string,
  query: Readonly<Record<string, string>> = {},
): string {
  const host = `s3.${region}.amazonaws.com${region.startsWith("cn-") ? ".cn" : ""}`;
  const inPath = endpoint !== undefined || bucket.includes(".");
  const base = inPath ? `${endpoint ?? `https://${host}`}/${bucket}` : `https://${bucket}.${host}`;
  const search = Object.entries(query).map(([name, value]) => `${encode(name)}=${encode(value)}`);
  return `${base}/${encodeKey(key)}${search.length === 0 ? "" : `?${search.join("&")}`}`;
}

/** Everything but letters, digits and `-._~` escaped: what signs and what receives then read the same. */
function encodeKey(key: string): string {
  return key.split("/").map(encode).join("/");
}

function encode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}
