/** The ledger's note of how many days a source keeps its recordings. */
export function retentionNote(source: string): string {
  return `retention-days:${source}`;
}

/** RingCentral keeps recordings this many days unless the account says otherwise; of TIM nothing is known. */
export const usualRetentionDays: { readonly ringcentral: number; readonly tim?: number } = { ringcentral: 90 };
