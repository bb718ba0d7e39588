import { expect, test } from "vitest";
import { runHere } from "../helpers/run-here.ts";
import { describeOnCeph } from "../helpers/shared-ceph.ts";
import { openTimWorld } from "./tim-world.ts";

describeOnCeph("what a bucket of Ceph lists and has not", { calls: {} }, (ceph) => {
  test("is told by verify as missing: it asks for each object, and takes no listing's word", async () => {
    await using world = await openTimWorld(3);
    const env = { ...world.env, ...ceph.env };
    const place = ["-d", "s3://calls/lost", "--s3-endpoint", ceph.endpoint];
    expect((await runHere(["download", "-s", "tim", "-r", world.csv, ...place], { env })).code).toBe(0);
    const list = async () => {
      const xml = await (await ceph.send("GET", "calls?list-type=2&prefix=lost/tim")).text();
      return [...xml.matchAll(/<Key>([^<]*)<\/Key>/g)].map(([, key]) => key as string);
    };
    const before = await list();
    const [lost = ""] = before;
    ceph.lose(lost);
    expect(await list()).toEqual(before);
    const { code, out, err } = await runHere(["verify", ...place], { env });
    expect([code, out, err]).toEqual([6, expect.stringMatching(/^missing: .* not there\n$/), expect.any(String)]);
    expect(out).toContain(lost.slice("lost/".length));
  });
});
