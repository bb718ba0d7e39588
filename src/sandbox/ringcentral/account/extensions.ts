/** The sandbox account's id. */
export const accountId = "37439510";

/** The internal id of the account's call queue. */
export const queueId = "62264499001";

/** The internal id of the account's n-th extension. */
export function extensionIdOf(extension: number): string {
  return String(62_264_425_008 + extension);
}

/** Which extension has this internal id, or undefined. */
export function extensionWithId(id: string): number | undefined {
  const extension = Number(id) - 62_264_425_008;
  return Number.isInteger(extension) && extension >= 0 && extension < 100_000 ? extension : undefined;
}

/** The short number that colleagues dial. */
export function extensionNumberOf(extension: number): string {
  return String(101 + extension);
}

/** The name on the extension. */
export function extensionNameOf(extension: number): string {
  return names[extension % names.length]!;
}

const names = [
  "Ada Admin",
  "Ben Agent",
  "Chiara Rossi",
  "Dmitri Sokolov",
  "Eva Müller",
  "Farid Haddad",
  "Grace Okafor",
  "Hana Sato",
];
