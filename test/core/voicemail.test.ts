import { expect, it } from "vitest";
import { isVoicemail, kindOf } from "../../src/core/voicemail.ts";

it("tells voicemail from calls by the key", () => {
  const keys = ["ringcentral/vm/501/5011", "ringcentral/501", "tim/vm/1/2", "ringcentral/vm"];
  expect(keys.map(isVoicemail)).toEqual([true, false, false, false]);
  expect(keys.slice(0, 2).map(kindOf)).toEqual(["voicemail", "calls"]);
});
