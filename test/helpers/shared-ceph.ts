import { randomBytes } from "node:crypto";
import { beforeAll, describe } from "vitest";
import { type CephTenant, cephTenant, noCeph } from "./ceph.ts";
import { sharedServer } from "./shared-servers.ts";

/** Tests with buckets of their own, by these names and headers; skipped, and named so, where there is no Ceph. */
export function describeOnCeph(
  title: string,
  buckets: Readonly<Record<string, Record<string, string>>>,
  tests: (ceph: CephTenant) => void,
): void {
  describe.skipIf(noCeph)(`${title}${noCeph === undefined ? "" : ` (${noCeph})`}`, () => {
    const ceph = {} as CephTenant;
    beforeAll(async () => {
      Object.assign(ceph, await cephTenant(await sharedServer("ceph"), `tenant${randomBytes(6).toString("hex")}`));
      for (const [name, headers] of Object.entries(buckets)) await ceph.send("PUT", name, headers);
    });
    tests(ceph);
  });
}

/** Headers that make a new bucket one whose objects can be locked. */
export const withLock = { "x-amz-bucket-object-lock-enabled": "true" };
