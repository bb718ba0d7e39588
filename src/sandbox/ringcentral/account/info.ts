import { type ApiCall, isGranted, type Sandbox } from "../context.ts";
import { badParameter, notFound, roleMissing } from "../errors.ts";
import { navigationOf } from "../navigation.ts";
import { type Answer, ok } from "../server/answer.ts";
import {
  accountId,
  extensionIdOf,
  extensionNameOf,
  extensionNumberOf,
  extensionWithId,
  queueId,
} from "./extensions.ts";

/** `GET /restapi`: public, and in no rate-limit group. */
export function apiVersions({ urls }: Sandbox): Answer {
  const version = {
    uri: `${urls.api}/restapi/v1.0`,
    versionString: "1.0.60",
    releaseDate: "2026-08-01T00:00:00.000Z",
    uriString: "v1.0",
  };
  return ok({ uri: `${urls.api}/restapi`, apiVersions: [version], serverVersion: "26.3", serverRevision: "00000000" });
}

/** `GET /restapi/v1.0/account/{id}`. */
export function accountInfo({ sandbox, params }: ApiCall): Answer {
  checkAccount(params.account);
  return ok({
    uri: `${sandbox.urls.api}/restapi/v1.0/account/${accountId}`,
    id: Number(accountId),
    mainNumber: "12055550100",
    status: "Confirmed",
    serviceInfo: { brand: { id: "1210", name: "RingCentral" } },
  });
}

/** `GET /restapi/v1.0/account/{id}/extension/{id}`. */
export function extensionInfo(call: ApiCall): Answer {
  const extension = extensionOf(call);
  const id = extensionIdOf(extension);
  const [firstName, ...lastName] = extensionNameOf(extension).split(" ");
  return ok({
    uri: `${call.sandbox.urls.api}/restapi/v1.0/account/${accountId}/extension/${id}`,
    id: Number(id),
    extensionNumber: extensionNumberOf(extension),
    name: extensionNameOf(extension),
    type: "User",
    status: "Enabled",
    contact: { firstName, lastName: lastName.join(" "), email: `user${extension}@example.com` },
    permissions: { admin: { enabled: extension === 0 }, internationalCalling: { enabled: false } },
    account: { id: accountId, uri: `${call.sandbox.urls.api}/restapi/v1.0/account/${accountId}` },
  });
}

/** `GET …/extension`: the account's users and its queue, page by page. */
export function extensionList({ sandbox, params, request }: ApiCall): Answer {
  checkAccount(params.account);
  const base = `${sandbox.urls.api}/restapi/v1.0/account/${accountId}/extension`;
  const users = Array.from({ length: sandbox.data.extensions }, (_, extension) => ({
    uri: `${base}/${extensionIdOf(extension)}`,
    id: Number(extensionIdOf(extension)),
    extensionNumber: extensionNumberOf(extension),
    name: extensionNameOf(extension),
    type: "User",
    status: "Enabled",
    hidden: false,
  }));
  const queue = {
    uri: `${base}/${queueId}`,
    id: Number(queueId),
    extensionNumber: "700",
    name: "Support",
    type: "Department",
  };
  const all = [...users, { ...queue, status: "Enabled", hidden: false }];
  const [page, perPage] = [Number(request.query.get("page") ?? 1), Number(request.query.get("perPage") ?? 100)];
  const totalPages = Math.max(1, Math.ceil(all.length / perPage));
  const uri = (number: number) => `${base}?page=${number}&perPage=${perPage}`;
  const records = all.slice((page - 1) * perPage, page * perPage);
  const first = (page - 1) * perPage;
  const paging = { page, perPage, pageStart: first, pageEnd: first + Math.max(0, records.length - 1) };
  return ok({
    uri: uri(page),
    records,
    paging: { ...paging, totalPages, totalElements: all.length },
    navigation: navigationOf(uri, page, page < totalPages, totalPages),
  });
}

/** `GET …/authz-profile/check?permissionId=`: whether the user's role has a permission. */
export function checkPermission({ sandbox, request, params, login }: ApiCall): Answer {
  checkAccount(params.account);
  const permissionId = request.query.get("permissionId") ?? "";
  if (permissionId === "") throw badParameter("permissionId", permissionId);
  const successful = isGranted(sandbox, login, permissionId);
  const uri = `${sandbox.urls.api}${request.target}`;
  return ok({
    uri,
    successful,
    ...(successful ? { details: { permission: { id: permissionId }, scopes: ["Self", "Account"] } } : {}),
  });
}

/** `GET …/call-recording`: the account's recording settings. */
export function recordingSettings({ sandbox, params }: ApiCall): Answer {
  checkAccount(params.account);
  const retentionPeriod = sandbox.settings.content.retentionDays;
  return ok({
    onDemand: { enabled: true, retentionPeriod },
    automatic: {
      enabled: true,
      outboundCallTones: false,
      outboundCallAnnouncement: false,
      allowMute: true,
      extensionCount: 8,
      retentionPeriod,
      maxNumberLimit: 100_000,
    },
    greetings: [
      { type: "StartRecording", mode: "Default" },
      { type: "StopRecording", mode: "Default" },
    ],
  });
}

/** `GET …/message-store-configuration`: how long voicemail is kept. */
export function messageSettings({ sandbox, params }: ApiCall): Answer {
  checkAccount(params.account);
  return ok({ retentionPeriod: sandbox.settings.voicemail.retentionDays });
}

/** Refuses another account than the caller's own. */
export function checkAccount(account: string | undefined): void {
  if (account !== "~" && account !== accountId) throw notFound("accountId");
}

/** The extension in the path: the caller's for `~`. Refuses a colleague's without the company permission. */
export function extensionOf({ sandbox, params, login }: ApiCall): number {
  checkAccount(params.account);
  const text = params.extension ?? "~";
  if (text === "~") return login.user.extension;
  const extension = extensionWithId(text);
  if (extension === undefined || extension >= sandbox.data.extensions) throw notFound("extensionId");
  if (extension !== login.user.extension && !isGranted(sandbox, login, "FullCompanyCallLog")) {
    throw roleMissing("ReadCompanyCallLog");
  }
  return extension;
}
