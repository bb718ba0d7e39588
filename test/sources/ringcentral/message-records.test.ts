import { expect, test } from "vitest";
import { namedRecording, recordingsOf } from "../../../src/sources/ringcentral/call-log/call-records.ts";

const find = (fields: Record<string, unknown>) => recordingsOf({ fields, file: "message-store", line: 3 });
const base = "https://platform.ringcentral.com/restapi/v1.0/account/400100/extension/62/message-store/501";
const audio = {
  id: 5011,
  uri: `${base}/content/5011`,
  type: "AudioRecording",
  contentType: "audio/mpeg",
  vmDuration: 27,
};
const words = { id: 5012, uri: `${base}/content/5012`, type: "AudioTranscription", contentType: "text/plain" };
const message = {
  uri: base,
  id: 501,
  type: "VoiceMail",
  creationTime: "2026-10-02T09:41:05.120Z",
  direction: "Inbound",
  availability: "Alive",
  vmTranscriptionStatus: "Completed",
  from: { phoneNumber: "+15550100001", name: "WANG JOHN" },
  to: [{ name: "Ada Admin" }],
  attachments: [audio, words],
  mailbox: { id: "62", number: "101", name: "Ada Admin" },
};

test("finds the audio of a voicemail, and where its text is", () => {
  const call = {
    start: "2026-10-02T09:41:05.120Z",
    duration: 27,
    direction: "inbound",
    from: "+15550100001",
    to: "101",
    extension: "101",
    user: "Ada Admin",
    name: "WANG JOHN",
    type: "Voicemail",
    account: "400100",
    callId: "501",
  };
  const locator = { contentUri: audio.uri, transcript: words.uri };
  const ref = { key: "ringcentral/vm/501/5011", source: "ringcentral", id: "vm-501-5011", locator, call };
  expect(find(message)).toEqual({ refs: [ref] });
  const printed = JSON.parse(JSON.stringify(ref));
  expect(find(printed)).toEqual({ refs: [ref] });
  expect(find({ ...printed, locator: { ...locator, contentUri: `${audio.uri}?access_token=abc` } })).toEqual({
    refs: [ref],
  });
});

test("each of two audios is a voicemail of its own, with the text of both; other attachments are none", () => {
  const second = { ...audio, id: 5013, uri: `${base}/content/5013`, contentType: "audio/wav", vmDuration: 3 };
  const fax = { id: 5014, uri: `${base}/content/5014`, type: "RenderedDocument", contentType: "application/pdf" };
  const { refs } = find({ ...message, attachments: [audio, null, fax, second, words] });
  expect(refs.map(({ key, locator, call }) => [key, locator.transcript, call.duration])).toEqual([
    ["ringcentral/vm/501/5011", words.uri, 27],
    ["ringcentral/vm/501/5013", words.uri, 3],
  ]);
  expect(find({ ...message, attachments: [audio] }).refs[0]?.locator).toEqual({ contentUri: audio.uri });
});

test("says that a text is still being written, that there is no audio, or what is wrong with a message", () => {
  const writing = find({ ...message, vmTranscriptionStatus: "InProgress", attachments: [audio] });
  expect(writing.refs[0]?.locator).toEqual({ contentUri: audio.uri, transcription: "InProgress" });
  expect(find({ ...message, availability: "Purged", attachments: [] })).toMatchObject({
    refs: [],
    absence: { reason: "no-recording", call: { from: "+15550100001" } },
  });
  expect(find({ ...message, id: undefined, attachments: [{ ...audio, id: undefined }] }).refs[0]?.id).toBe(
    "vm-501-5011",
  );
  const nameless = { ...message, attachments: [{ type: "AudioRecording", contentType: "audio/wav" }] };
  expect(() => find(nameless)).toThrow(/the attachment with its audio has no id/);
  expect(() => find({ ...message, id: "../x" })).toThrow(/its message has no id/);
});

test("is named by its id, its key, its permanent path or its attachment's address", () => {
  const names = [
    "vm-501-5011",
    "ringcentral/vm/501/5011",
    "http://127.0.0.1:8080/r/ringcentral/vm/501/5011",
    audio.uri,
  ];
  expect(names.map((name) => namedRecording(name)?.key)).toEqual(names.map(() => "ringcentral/vm/501/5011"));
  expect(namedRecording("ringcentral/vm/501/../x")?.key).toBeUndefined();
});
