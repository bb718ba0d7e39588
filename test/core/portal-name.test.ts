import { describe, expect, it } from "vitest";
import { readPortalName } from "../../src/core/naming/file-name-parser.ts";

const call = {
  start: "2025-11-04T13:35:55",
  direction: "outbound",
  from: "302",
  to: "(252)555-8686",
  extension: "302",
  type: "Automatic",
};

describe("readPortalName", () => {
  it("reads what the portal writes", () => {
    expect(readPortalName("20251104-133555_302_(252)555-8686_Outgoing_Auto_2946157123004.mp3")).toEqual({
      id: "2946157123004",
      source: "ringcentral",
      call,
    });
  });

  it.each([
    ["a folder", "a/b/20251104-133555_302_(252)555-8686_Outgoing_Auto_1.mp3", call],
    ["no extension", "20251104-133555_302_(252)555-8686_Outgoing_Auto_1", call],
    ["a browser's second copy", "20251104-133555_302_(252)555-8686_Outgoing_Auto_1 (2).wav", call],
    ["other case", "20251104-133555_302_(252)555-8686_OUTGOING_AUTO_1.MP3", call],
    [
      "an incoming call recorded on demand",
      "20251104-133555_302_(252)555-8686_Incoming_OnDemand_1.mp3",
      { ...call, direction: "inbound", from: "(252)555-8686", to: "302", type: "OnDemand" },
    ],
    [
      "an internal call, without a type",
      "20251104-133555_302_303_Internal_1.mp3",
      { start: call.start, direction: "internal", from: "302", to: "303", extension: "302" },
    ],
    [
      "a party with a name",
      "20251104-133555_302_Ann_Lee_Outgoing_Other_1",
      { start: call.start, direction: "outbound", from: "302", to: "Ann_Lee", extension: "302" },
    ],
    [
      "an unknown party",
      "20251104-133555_302_Unknown_Incoming_Auto_1",
      { ...call, direction: "inbound", from: undefined, to: "302" },
    ],
    ["one party alone", "20251104-133555_302_Outgoing_Auto_1", { ...call, to: undefined }],
    ["no party", "20251104-133555__Outgoing_Auto_1", { ...call, from: undefined, to: undefined, extension: undefined }],
  ])("reads names with %s", (_, name, expected) => {
    expect(readPortalName(name)).toEqual({ id: "1", source: "ringcentral", call: expected });
  });

  it.each([
    ["nothing", "20251104-133555_302_(252)555-8686_Outgoing_Auto.mp3"],
    ["an empty place", "20251104-133555_302_(252)555-8686_Outgoing_Auto_.mp3"],
    ["a word", "20251104-133555_302_(252)555-8686_Outgoing_Auto_unknown (1).mp3"],
    ["copies of copies", "20251104-133555_302_(252)555-8686_Outgoing_Auto(1) - Copy (2)"],
  ])("has no id where %s stands for it", (_, name) => {
    expect(readPortalName(name)).toEqual({ id: "", source: "ringcentral", call });
  });

  it.each(["Anonymous", "private number", "Restricted", "Unavailable", "Blocked", ""])(
    "takes %j for no party",
    (party) => {
      expect(readPortalName(`20251104-133555_302_${party}_Incoming_Auto_1`)?.call).toEqual({
        start: call.start,
        direction: "inbound",
        to: "302",
        extension: "302",
        type: "Automatic",
      });
    },
  );

  it.each([
    "20251104_302_(252)555-8686_Outgoing_Auto_1.mp3",
    "20251104-133555_302_x_Sideways_Auto_1.mp3",
    "20251104-133555_302_x_Outgoing_Auto_abc.mp3",
    "readme.txt",
  ])("knows that %s is none of them", (name) => {
    expect(readPortalName(name)).toBeUndefined();
  });
});
