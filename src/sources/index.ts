/** Where recordings live: each system's opener, loaded when it is chosen. */
export const sources = {
  ringcentral: async () => (await import("./ringcentral/index.ts")).openRingCentral,
  tim: async () => (await import("./tim/index.ts")).openTim,
  /** What their rows speak of, without a login. */
  ringcentralRows: () => import("./ringcentral/call-log/call-records.ts"),
  timRows: () => import("./tim/calls-table.ts"),
};
