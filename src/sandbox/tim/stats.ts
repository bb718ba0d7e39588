/** What a TIM sandbox has seen and served. Recordings are named by their three columns, percent-encoded: `3/4/NCS…`. */
export interface TimStats {
  readonly requests: { readonly tim: number; readonly echo: number };
  /** Requests without credentials that were answered by a challenge. */
  readonly challenges: number;
  /** Requests whose credentials were wrong; a stale nonce is none of them. */
  readonly refusedLogins: number;
  readonly staleNonces: number;
  /** Requests turned away because the address was locked. */
  readonly lockedOut: number;
  /** Requests for a token, granted or not, by recording. */
  readonly tokenRequests: Readonly<Record<string, number>>;
  readonly tokensIssued: number;
  /** How often each salt was used. */
  readonly salts: Readonly<Record<string, number>>;
  /** Requests whose salt had been seen before. */
  readonly repeatedSalts: number;
  /** How old each token was when it came to Echo, in milliseconds. */
  readonly tokenAges: readonly { readonly recording: string; readonly ms: number }[];
  /** Requests at Echo by recording. */
  readonly audioRequests: Readonly<Record<string, number>>;
  readonly expiredTokens: number;
  readonly unknownTokens: number;
  /** What should never have come to Echo. */
  readonly echoSawAuthorization: number;
  readonly echoSawCookie: number;
  /** Recordings that were sent whole, the newest hash last. */
  readonly served: Readonly<
    Record<string, { readonly times: number; readonly bytes: number; readonly sha256: string }>
  >;
  readonly bytesSent: number;
  /** Connections open now, and the most there ever were at once, at Echo. */
  readonly echoConnections: { readonly open: number; readonly most: number };
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] extends object ? Mutable<T[K]> : T[K] };

export interface StatsBook {
  readonly counts: Mutable<TimStats>;
  salt(salt: string): void;
  tokenRequest(recording: string): void;
  audioRequest(recording: string): void;
  served(recording: string, bytes: number, sha256: string): void;
  copy(): TimStats;
  clear(): void;
}

export function openStats(): StatsBook {
  const counts = emptyCounts();
  return {
    counts,
    salt(salt) {
      const before = counts.salts[salt] ?? 0;
      counts.salts[salt] = before + 1;
      if (before > 0) counts.repeatedSalts += 1;
    },
    tokenRequest(recording) {
      counts.tokenRequests[recording] = (counts.tokenRequests[recording] ?? 0) + 1;
    },
    audioRequest(recording) {
      counts.audioRequests[recording] = (counts.audioRequests[recording] ?? 0) + 1;
    },
    served(recording, bytes, sha256) {
      counts.served[recording] = { times: (counts.served[recording]?.times ?? 0) + 1, bytes, sha256 };
    },
    copy: () => structuredClone(counts),
    clear() {
      const { echoConnections } = counts;
      Object.assign(counts, emptyCounts(), { echoConnections });
    },
  };
}

function emptyCounts(): Mutable<TimStats> {
  return {
    requests: { tim: 0, echo: 0 },
    challenges: 0,
    refusedLogins: 0,
    staleNonces: 0,
    lockedOut: 0,
    tokenRequests: {},
    tokensIssued: 0,
    salts: {},
    repeatedSalts: 0,
    tokenAges: [],
    audioRequests: {},
    expiredTokens: 0,
    unknownTokens: 0,
    echoSawAuthorization: 0,
    echoSawCookie: 0,
    served: {},
    bytesSent: 0,
    echoConnections: { open: 0, most: 0 },
  };
}
