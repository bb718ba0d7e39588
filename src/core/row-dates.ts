/** How starts in rows may be written: `auto` lets each file decide. */
export const rowDates = ["auto", "iso", "dmy", "mdy", "ymd", "epoch"] as const;

export type RowDates = (typeof rowDates)[number];
