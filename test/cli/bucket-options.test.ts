import { describe, expect, test } from "vitest";
import { archivePlace, bucketOptions } from "../../src/cli/options/bucket.ts";
import { nameOf, placeOf, urlOf } from "../../src/destinations/s3/address.ts";
import { decoded, elementsIn, textIn } from "../../src/destinations/s3/xml.ts";

const usage = expect.objectContaining({ code: "usage" });

describe("--dest", () => {
  test.each([
    ["./recordings", "./recordings"],
    ["/srv/c:/x", "/srv/c:/x"],
    ["C:\\calls", "C:\\calls"],
    ["s3://calls", "s3://calls"],
    ["S3://calls//a/b/", "s3://calls/a/b"],
  ])("takes %s", (given, place) => {
    expect(archivePlace(given)).toBe(place);
  });

  test.each(["", "s3:calls", "s3://", "s3:///x", "s3://a", "s3://-calls", "s3://calls/../x", "s3://calls/.callreel"])(
    "refuses %s",
    (given) => {
      expect(() => archivePlace(given)).toThrow(usage);
    },
  );

  test.each(["gs://calls/x", "https://s3.example/calls", "file:///srv/calls"])("knows no %s", (given) => {
    expect(() => archivePlace(given)).toThrow(usage);
  });
});

describe("how objects are kept", () => {
  test("a lock has a mode and a span of the calendar", () => {
    expect(bucketOptions.s3ObjectLock.parse("Compliance:7Y")).toEqual({ mode: "COMPLIANCE", keep: "7y" });
    expect(bucketOptions.s3ObjectLock.parse("governance:30d")).toEqual({ mode: "GOVERNANCE", keep: "30d" });
    for (const wrong of ["7y", "compliance", "compliance:", "compliance:0y", "legal:7y", "governance:7y6"]) {
      expect(() => bucketOptions.s3ObjectLock.parse(wrong)).toThrow(usage);
    }
  });

  test("a key of the KMS, a storage class and a region are names", () => {
    expect(bucketOptions.s3Sse.parse("kms:arn:aws:kms:eu-central-1:1:key/2")).toBe("arn:aws:kms:eu-central-1:1:key/2");
    expect(bucketOptions.s3StorageClass.parse("STANDARD_IA")).toBe("STANDARD_IA");
    expect(bucketOptions.s3Region.parse("eu-central-1")).toBe("eu-central-1");
    expect(() => bucketOptions.s3Sse.parse("AES256")).toThrow(usage);
    expect(() => bucketOptions.s3Sse.parse("kms:a\r\nb")).toThrow(usage);
    expect(() => bucketOptions.s3StorageClass.parse("A\nB")).toThrow(usage);
    expect(() => bucketOptions.s3Region.parse("evil.example/")).toThrow(usage);
  });
});

describe("addresses", () => {
  test("an endpoint has the bucket in its path, AWS in its host, but for names with dots", () => {
    const own = { endpoint: "https://s3.example:9000", region: "us-east-1" };
    expect(urlOf(own, "calls", "a b+c%/ü(1).wav")).toBe("https://s3.example:9000/calls/a%20b%2Bc%25/%C3%BC%281%29.wav");
    expect(urlOf({ region: "eu-central-1" }, "calls", "a")).toBe("https://calls.s3.eu-central-1.amazonaws.com/a");
    expect(urlOf({ region: "cn-north-1" }, "a.b", "", { versions: "", prefix: "x/" })).toBe(
      "https://s3.cn-north-1.amazonaws.com.cn/a.b/?versions=&prefix=x%2F",
    );
  });

  test("a place is named as it was given", () => {
    for (const name of ["s3://calls", "s3://calls/a/b"]) expect(nameOf(placeOf(name))).toBe(name);
    expect(placeOf("s3://calls/a")).toEqual({ bucket: "calls", prefix: "a/" });
  });
});

test("XML is read flat: five entities and numbers, no other", () => {
  expect(textIn("<E><Code>a&amp;b&lt;&#65;&#x42;&bomb;</Code></E>", "Code")).toBe("a&b<AB&bomb;");
  expect(textIn("<E><Code>&#1114112;</Code></E>", "Code")).toBe("&#1114112;");
  expect(textIn("<E>", "Code")).toBeUndefined();
  expect([...elementsIn("<K>1</K><K>2</K><K>3", "K")]).toEqual(["1", "2"]);
  expect(decoded("a+b%2Bc")).toBe("a b+c");
  expect(decoded("%zz")).toBe("%zz");
});
