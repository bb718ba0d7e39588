import {
  accountInfo,
  checkAccount,
  checkPermission,
  extensionInfo,
  extensionList,
  extensionOf,
  messageSettings,
  recordingSettings,
} from "../account/info.ts";
import { extractCalls } from "../calls/extract-sync.ts";
import { listCalls } from "../calls/list.ts";
import { readCall } from "../calls/read.ts";
import { syncCalls } from "../calls/sync.ts";
import { type ApiCall, isGranted } from "../context.ts";
import { roleMissing } from "../errors.ts";
import { recordingContent } from "../recordings/content.ts";
import { recordingInsights } from "../recordings/insights.ts";
import { recordingMetadata } from "../recordings/metadata.ts";
import type { Group } from "../settings.ts";
import { messageContent } from "../voicemail/content.ts";
import { listMessages, readMessage } from "../voicemail/list.ts";
import { syncMessages } from "../voicemail/sync.ts";
import type { Answer } from "./answer.ts";

/** A name that faults can be aimed at. */
export type RouteName =
  | "call-log"
  | "call-log-record"
  | "call-log-sync"
  | "call-log-extract-sync"
  | "recording"
  | "content"
  | "call-recording"
  | "insights"
  | "message-store"
  | "message"
  | "message-sync"
  | "message-content"
  | "message-store-configuration"
  | "authz-profile"
  | "account"
  | "extension"
  | "extensions";

/** One authorised endpoint. */
export interface Route {
  readonly name: RouteName;
  readonly host: "api" | "media";
  readonly pattern: RegExp;
  readonly group: Group | "content";
  /** The app permission it takes, if any. */
  readonly scope: string | undefined;
  readonly handle: (call: ApiCall) => Answer;
}

const account = "^/restapi/v1\\.0/account/(?<account>[^/]+)";
const extension = `${account}/extension/(?<extension>[^/]+)`;
const mailbox = `${account}/extension/(?<mailbox>[^/]+)`;
const ringsense = "^/ai/ringsense/v1/public/accounts/(?<account>[^/]+)/domains/(?<domain>[^/]+)";
const at = (pattern: string) => new RegExp(`${pattern}$`);

/** Every authorised endpoint of the sandbox. */
export const routes: readonly Route[] = [
  api("call-log", `${account}/call-log`, "heavy", "ReadCallLog", (call) => listCalls(company(call), undefined)),
  api("call-log", `${extension}/call-log`, "heavy", "ReadCallLog", (call) => listCalls(call, extensionOf(call))),
  api("call-log-record", `${account}/call-log/(?<record>[^/]+)`, "heavy", "ReadCallLog", (call) =>
    readCall(company(call)),
  ),
  api("call-log-record", `${extension}/call-log/(?<record>[^/]+)`, "heavy", "ReadCallLog", (call) =>
    readCall(call, extensionOf(call)),
  ),
  api("call-log-sync", `${account}/call-log-sync`, "heavy", "ReadCallLog", (call) =>
    syncCalls(company(call), undefined),
  ),
  api("call-log-sync", `${extension}/call-log-sync`, "heavy", "ReadCallLog", (call) =>
    syncCalls(call, extensionOf(call)),
  ),
  api("call-log-extract-sync", `${account}/call-log-extract-sync`, "heavy", "ReadCallLog", (call) =>
    extractCalls(company(call)),
  ),
  api("recording", `${account}/recording/(?<recording>[^/]+)`, "heavy", "ReadCallRecording", recordingMetadata),
  {
    name: "content",
    host: "media",
    pattern: at(`${account}/recording/(?<recording>[^/]+)/content`),
    group: "content",
    scope: "ReadCallRecording",
    handle: recordingContent,
  },
  api("insights", `${ringsense}/records/(?<recording>[^/]+)/insights`, "light", "RingSense", recordingInsights),
  api("message-store", `${mailbox}/message-store`, "light", "ReadMessages", listMessages),
  api("message", `${mailbox}/message-store/(?<message>[^/]+)`, "light", "ReadMessages", readMessage),
  api("message-sync", `${mailbox}/message-sync`, "light", "ReadMessages", syncMessages),
  {
    name: "message-content",
    host: "media",
    pattern: at(`${mailbox}/message-store/(?<message>[^/]+)/content/(?<attachment>[^/]+)`),
    group: "medium",
    scope: "ReadMessages",
    handle: messageContent,
  },
  api(
    "message-store-configuration",
    `${account}/message-store-configuration`,
    "light",
    "ReadAccounts",
    messageSettings,
  ),
  api("call-recording", `${account}/call-recording`, "light", "ReadAccounts", recordingSettings),
  api("authz-profile", `${extension}/authz-profile/check`, "light", undefined, checkPermission),
  api("account", account, "light", "ReadAccounts", accountInfo),
  api("extensions", `${account}/extension`, "medium", "ReadAccounts", extensionList),
  api("extension", extension, "light", "ReadAccounts", extensionInfo),
];

function api(name: RouteName, pattern: string, group: Group, scope: Route["scope"], handle: Route["handle"]): Route {
  return { name, host: "api", pattern: at(pattern), group, scope, handle };
}

/** Passes a call on whose user may read the company's calls. */
function company(call: ApiCall): ApiCall {
  checkAccount(call.params.account);
  if (!isGranted(call.sandbox, call.login, "FullCompanyCallLog")) throw roleMissing("ReadCompanyCallLog");
  return call;
}
