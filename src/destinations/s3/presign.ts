import type { PresignedUrls } from "../../core/model/store.ts";
import { urlOf } from "./address.ts";
import type { S3Client } from "./client.ts";

/** Signs URLs of a bucket's objects, with which a browser reads one from the store itself. */
export function openPresignedUrls(client: S3Client): PresignedUrls {
  const { server, place } = client;
  return {
    origin: new URL(urlOf(server, place.bucket, "")).origin,
    urlOf: (path, { contentType, downloadAs, seconds }) =>
      client.presign(
        place.prefix + path,
        {
          "response-content-type": contentType,
          "response-cache-control": "private,no-cache",
          ...(downloadAs === undefined ? {} : { "response-content-disposition": attachment(downloadAs) }),
        },
        seconds,
      ),
  };
}

/** Without a space, which signers and stores write in different ways. */
function attachment(name: string): string {
  return `attachment;filename*=UTF-8''${encodeURIComponent(name).replace(/['()*]/g, (char) => `%${char.charCodeAt(0).toString(16)}`)}`;
}
