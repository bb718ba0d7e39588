import { isChosen } from "../../faults.ts";
import { extensionWithId, queueId } from "../account/extensions.ts";
import { checkAccount } from "../account/info.ts";
import { type ApiCall, isGranted } from "../context.ts";
import { notFound, roleMissing } from "../errors.ts";
import type { Voicemail } from "./store.ts";

/**
 * The mailbox in the path, as a number of its extension; -1 is the queue's, which is empty. 404 for an extension that is
 * not there (any more), 403 for a colleague's without an administrator's role, and where the settings say so.
 */
export function mailboxOf({ sandbox, params, login }: ApiCall): number {
  checkAccount(params.account);
  const { settings, data } = sandbox;
  const text = params.mailbox ?? "~";
  const own = login.user.extension;
  const extension = text === "~" ? own : text === queueId ? -1 : extensionWithId(text);
  const isGone = extension !== undefined && isChosen(settings.voicemail.deletedMailboxes, extension, text);
  if (extension === undefined || extension >= data.extensions || isGone) throw notFound("extensionId");
  const mayRead = extension === own || isGranted(sandbox, login, "FullCompanyCallLog");
  const isForbidden = isChosen(settings.voicemail.forbiddenMailboxes, extension, text);
  if (!mayRead || isForbidden || !isGranted(sandbox, login, "ReadMessages")) throw roleMissing("ReadMessages");
  return extension;
}

/** The voicemail in the path, of the mailbox in the path. */
export function messageIn(call: ApiCall): Voicemail {
  const mailbox = mailboxOf(call);
  const message = call.sandbox.voicemail.byId(call.params.message ?? "");
  if (message === undefined || message.extension !== mailbox) throw notFound("messageId");
  return message;
}
