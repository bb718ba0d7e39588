import { readSecret, type Settings } from "../cli/config.ts";
import { openSharedState, type RingCentralContext, type SharedState, tokenKey } from "../sources/ringcentral/index.ts";
import { ledgerDatabase, ledgerPassword } from "./archive.ts";
import type { Wiring } from "./http.ts";

/**
 * What RingCentral's logins share with other machines through the ledger's database: the budget and, with a key, sessions.
 * Nothing where the ledger is a file. The source that it is given to closes it.
 */
export async function wireSharedState({
  settings,
  report,
  keepSecret,
  lease,
}: Wiring): Promise<Pick<RingCentralContext, "shared">> {
  const database = ledgerStateOf(settings);
  if (database === undefined) return {};
  const text = readSecret(settings.tokenKey, settings.tokenKeyFile, "--token-key-file");
  if (text !== undefined) keepSecret(text);
  const where = settings.tokenKeyFile === undefined ? "CALLREEL_TOKEN_KEY" : "--token-key-file";
  const key = text === undefined ? {} : { tokenKey: tokenKey(text, where) };
  const state = await database.open(true);
  if (text === undefined) report({ event: "notice", level: "info", message: ownSessions });
  return { shared: { state, ...key, ...(lease === undefined ? {} : { lease }) } };
}

/** What machines share through the ledger's database, and its address; undefined where the ledger is a file. */
export function ledgerStateOf(
  settings: Settings,
): { readonly url: string; open(wasThere?: boolean): Promise<SharedState> } | undefined {
  const url = ledgerDatabase(settings);
  if (url === undefined) return undefined;
  return {
    url,
    async open(wasThere = false) {
      const { openPostgresDatabase } = await import("../platform/postgres.ts");
      return openSharedState(
        await openPostgresDatabase(url, { flag: "--ledger", wasThere, ...ledgerPassword(settings) }),
      );
    },
  };
}

const ownSessions =
  "Without CALLREEL_TOKEN_KEY (or --token-key-file) this machine keeps RingCentral's sessions for itself, and RingCentral allows a user and app five of them.";
