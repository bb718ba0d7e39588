import type { Chosen } from "../faults.ts";
import type { MissingShape } from "./errors.ts";
import type { RingCentralFault } from "./server/fault.ts";

/** A rate-limit group as `X-Rate-Limit-Group` names it. */
export type Group = "light" | "medium" | "heavy" | "auth";

/** How many requests a window allows, and how long the penalty lasts after one too many. */
export interface RateLimit {
  limit: number;
  windowSeconds: number;
  penaltySeconds: number;
}

/** Every switch of the sandbox. The object is live: a change counts from the next request on. */
export interface RingCentralSettings {
  app: {
    grants: string[];
    /** The app setting "Issue refresh tokens", which is off by default. */
    issueRefreshTokens: boolean;
    redirectUris: string[];
    scopes: string[];
    /** How a wrong client id is refused: 400 OAU-153 as captured on the wire, or 401 OAU-146 as documented. */
    badClient: "OAU-153" | "OAU-146";
  };
  tokens: {
    accessSeconds: number;
    refreshSeconds: number;
    sessionsPerUser: number;
    evict: "oldest" | "newest";
    /** The code in the 401 for a token that has expired. */
    expiredCode: "OAU-213" | "OAU-128";
    /** Answers `expires_in` one second less, as the vendor does at times. */
    nominalMinusOne: boolean;
    authorize: "approve" | "deny";
    codeSeconds: number;
    /** Milliseconds that the token endpoint takes to answer. */
    delayMs: number;
  };
  limits: Record<Group, RateLimit> & {
    /** The group that recording content is counted in. */
    contentGroup: Group;
    retryAfter: boolean;
    headers: boolean;
    code: "CMN-301" | "CMN-302" | "CMN-303" | "CMN-310";
    /** Refuses a second request for the same URL while the first runs: 429 CMN-304. */
    refuseDuplicates: boolean;
  };
  callLog: {
    maxPerPage: number;
    maxPerPageDetailed: number;
    /** The highest page there is; a higher one is refused. */
    maxPage: number | null;
    totals: boolean;
    withRecording: "ignored" | "honoured";
    /** Cuts dateFrom and dateTo to whole seconds. */
    wholeSeconds: boolean;
    /** An empty page comes without `pageStart` and `pageEnd`. */
    emptyPageFields: boolean;
    /** New calls that arrive before each page, so that the pages drift. */
    driftPerPage: number;
    /** Each page but the first repeats the last record of the page before. */
    duplicates: boolean;
    order: "newest" | "oldest";
    /** Seconds from the end of a call until it is listed. */
    listDelaySeconds: number;
    /** Calls that are listed while they run, without recording, and are rewritten afterwards under the same id. */
    provisional: { chosen: Chosen; completeAfterSeconds: number };
    /** Calls whose recording is attached only some time after they end. */
    lateRecording: { chosen: Chosen; afterSeconds: number };
    /** Whether a rewrite moves `lastModifiedTime`; at the vendor it does not always. */
    lastModifiedMoves: boolean;
    deleted: Chosen;
    /** On which calls the own party has its extension's number: internal ones, as the vendor says, or all. */
    ownExtensionNumber: "internal" | "always";
    /** Pages without `navigation`, with totals or without. */
    navigation: "present" | "absent";
    /** What contentUri begins with instead of the media URL. */
    contentBase: string | null;
  };
  sync: {
    tokenSeconds: number;
    maxRecords: number;
    extractMaxRecords: number;
    extractAvailable: boolean;
    /** What happens to a dateFrom more than 30 days ago. */
    oldDateFrom: "clamp" | "refuse";
    /** Every token issued so far is refused, as after a reset at the vendor. */
    expireTokens: boolean;
  };
  voicemail: {
    maxPerPage: number;
    /** Lists tell how many messages there are in all. */
    totals: boolean;
    /** New voicemails that arrive in the mailbox behind each page, so that the pages drift. */
    driftPerPage: number;
    /** Which host attachments' addresses name. */
    contentHost: "api" | "media";
    /** Mailboxes that no colleague may read, and those whose extension was deleted after it was listed. */
    forbiddenMailboxes: Chosen;
    deletedMailboxes: Chosen;
    /** Attachments that are listed and not there. */
    missing: Chosen;
    /** Messages that sync never tells of. */
    unsynced: number[];
    /** How many days they are kept, as the account's setting says. */
    retentionDays: number;
  };
  content: {
    type: "audio/mpeg" | "audio/wav" | "audio/x-wav" | "mixed";
    length: "content-length" | "chunked";
    range: "honoured" | "ignored";
    acceptRanges: boolean;
    etag: "none" | "strong" | "weak";
    lastModified: boolean;
    ifRange: boolean;
    disposition: boolean;
    head: "allowed" | "refused";
    retentionDays: number;
    deleted: Chosen;
    forbidden: Chosen;
    /** Recordings that are 404 until some seconds after their call ended. */
    notReady: { chosen: Chosen; afterSeconds: number };
    /** Recordings that end after so many seconds, however long their call was. */
    brief: { chosen: Chosen; seconds: number };
    /** How a recording that is not there is told. */
    missing: MissingShape;
    /** Changing this word changes every recording's bytes and ETag. */
    revision: string;
  };
  insights: {
    /** Whether the account has RingSense, so that the gateway knows the question at all. */
    licensed: boolean;
    /** Recordings that nobody with a licence took part in: there is nothing about them. */
    missing: Chosen;
    /** Seconds from the end of a call until its analysis is there. */
    afterSeconds: number;
  };
  events: {
    /** Whether this user may subscribe to the account's calls. */
    allowed: boolean;
    /** The gateway stays connected, and says nothing more. */
    mute: boolean;
    /** How long a subscription lasts: twenty years at the vendor. The line lives on, and nothing more is told. */
    subscriptionSeconds: number;
  };
  answers: {
    /** What an error's top-level errorCode is: a word for the category, or the nested code again. */
    topLevelCode: "category" | "nested";
    length: "content-length" | "chunked" | "alternate";
  };
  /** Permissions that no user has, whatever the role: a log may be open whose recordings are not. */
  withheldPermissions: string[];
  faults: RingCentralFault[];
}

/** The settings of an account as RingCentral sets it up by default. */
export function defaultSettings(): RingCentralSettings {
  return {
    app: {
      grants: ["authorization_code", "urn:ietf:params:oauth:grant-type:jwt-bearer", "refresh_token"],
      issueRefreshTokens: false,
      redirectUris: [
        "http://localhost:5000/oauth2callback",
        "http://127.0.0.1:5000/oauth2callback",
        "http://localhost:8710/oauth2callback",
      ],
      scopes: [
        ...["ReadAccounts", "ReadCallLog", "ReadCallRecording", "ReadMessages", "RingSense"],
        "WebSocketsSubscription",
      ],
      badClient: "OAU-153",
    },
    tokens: {
      accessSeconds: 3_600,
      refreshSeconds: 604_800,
      sessionsPerUser: 5,
      evict: "oldest",
      expiredCode: "OAU-213",
      nominalMinusOne: false,
      authorize: "approve",
      codeSeconds: 60,
      delayMs: 0,
    },
    limits: {
      light: { limit: 50, windowSeconds: 60, penaltySeconds: 60 },
      medium: { limit: 40, windowSeconds: 60, penaltySeconds: 60 },
      heavy: { limit: 10, windowSeconds: 60, penaltySeconds: 60 },
      auth: { limit: 5, windowSeconds: 60, penaltySeconds: 60 },
      contentGroup: "heavy",
      retryAfter: true,
      headers: true,
      code: "CMN-301",
      refuseDuplicates: false,
    },
    callLog: defaultCallLog(),
    sync: {
      tokenSeconds: 30 * 86_400,
      maxRecords: 250,
      extractMaxRecords: 1_000,
      extractAvailable: true,
      oldDateFrom: "clamp",
      expireTokens: false,
    },
    voicemail: {
      maxPerPage: 1_000,
      totals: true,
      driftPerPage: 0,
      contentHost: "media",
      forbiddenMailboxes: "none",
      deletedMailboxes: "none",
      missing: "none",
      unsynced: [],
      retentionDays: 30,
    },
    content: {
      type: "audio/mpeg",
      length: "content-length",
      range: "honoured",
      acceptRanges: true,
      etag: "strong",
      lastModified: false,
      ifRange: true,
      disposition: true,
      head: "refused",
      retentionDays: 90,
      deleted: "none",
      forbidden: "none",
      notReady: { chosen: "none", afterSeconds: 60 },
      brief: { chosen: "none", seconds: 10 },
      missing: "recordingId",
      revision: "",
    },
    insights: { licensed: true, missing: "none", afterSeconds: 0 },
    events: { allowed: true, mute: false, subscriptionSeconds: 630_720_000 },
    answers: { topLevelCode: "category", length: "alternate" },
    withheldPermissions: [],
    faults: [],
  };
}

function defaultCallLog(): RingCentralSettings["callLog"] {
  return {
    maxPerPage: 1_000,
    maxPerPageDetailed: 250,
    maxPage: null,
    totals: false,
    withRecording: "ignored",
    wholeSeconds: false,
    emptyPageFields: false,
    driftPerPage: 0,
    duplicates: false,
    order: "newest",
    listDelaySeconds: 20,
    provisional: { chosen: "none", completeAfterSeconds: 30 },
    lateRecording: { chosen: "none", afterSeconds: 120 },
    lastModifiedMoves: true,
    deleted: "none",
    ownExtensionNumber: "internal",
    navigation: "present",
    contentBase: null,
  };
}
