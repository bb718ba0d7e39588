import { expect, test } from "vitest";
import { idOfAnyUri, idOfUri } from "../../../src/sources/ringcentral/call-log/printed-rows.ts";
import { openRandom } from "../../helpers/fuzz.ts";

const random = openRandom();
const pick = <Value>(values: readonly Value[]) => values[random(values.length)] as Value;

const hosts = ["media.ringcentral.com", "ringcentral.com", "platform.devtest.ringcentral.com", "MEDIA.ringcentral.com"];
const odd = ["", "", "", "", "..", "/", "%2f", "%2e%2e", "\\", "\t", "?x=1", "#a", "@", ":443", " ", "é", "1", "."];

function nearlyPlain(): string {
  const parts = [
    pick(["https://", "https://", "http://", "HTTPS://", "//", ""]),
    pick(hosts),
    pick(["/restapi/v1.0/account/", "/restapi/v1.0/account/", "/restapi/v2/accounts/"]),
    pick(["1", "~", "400131426008", "..", "%7E"]),
    pick(["/recording/", "/recording/", "/recording//", "/Recording/"]),
    pick(["401786818008", "7", "1".repeat(20), "1".repeat(21), "12a", ""]),
    pick(["/content", "/content", "", "/", "/content/", "/contents"]),
  ];
  const at = random(parts.length + 1);
  return [...parts.slice(0, at), pick(odd), ...parts.slice(at)].join("");
}

test("the quick look at an address finds the id that the rules of URLs find", () => {
  let found = 0;
  for (let round = 0; round < 50_000; round += 1) {
    const uri = nearlyPlain();
    const id = idOfAnyUri(uri);
    if (idOfUri(uri) !== id) expect([uri, idOfUri(uri)]).toEqual([uri, id]);
    if (id !== undefined) found += 1;
  }
  expect(found).toBeGreaterThan(1000);
});
