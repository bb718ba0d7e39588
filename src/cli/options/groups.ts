import type { Command } from "../io.ts";
import { bucketOptions } from "./bucket.ts";
import { archiveOptions, paceOptions, runOptions, writeOptions } from "./download.ts";
import type { OptionSpec, OptionTable } from "./option.ts";
import { databaseOptions, selectOptions } from "./selection.ts";
import { globalOptions, playerOptions, showOptions } from "./serving.ts";
import { ringcentralOptions, timOptions, tlsOptions } from "./sources.ts";

/** A named group of options, a section in help. */
export interface OptionGroup {
  readonly title: string;
  readonly options: OptionTable;
}

/** One verb of the command line, as help, completion and man page tell it. */
export interface CommandSpec {
  readonly name: string;
  /** Positional arguments as commander writes them: `[id...]`. */
  readonly args?: string;
  /** The words that stand for each positional argument in turn, for completion. */
  readonly words?: readonly (readonly string[])[];
  readonly summary: string;
  readonly groups: readonly OptionGroup[];
  readonly examples: readonly (readonly [command: string, says: string])[];
  /** Takes no settings from profile or environment: works with a broken settings file. */
  readonly withoutSettings?: boolean;
  /** It makes the settings file where there is none. */
  readonly makesSettings?: boolean;
  /** Works on archives in folders alone, and refuses a bucket. */
  readonly foldersOnly?: boolean;
  /** Loads the verb when it is used. */
  readonly load: () => Promise<Command>;
}

export const select: OptionGroup = { title: "Select", options: { ...selectOptions, ...databaseOptions } };
const write: OptionGroup = { title: "Write", options: writeOptions };
const { ledger, ledgerPasswordFile, ledgerPassword } = runOptions;
const { s3Endpoint } = bucketOptions;
const dest: OptionGroup = {
  title: "Archive",
  options: { dest: writeOptions.dest, ledger, ledgerPasswordFile, ledgerPassword, s3Endpoint },
};
const bucket: OptionGroup = { title: "S3", options: bucketOptions };
const pace: OptionGroup = { title: "Pace and caps", options: paceOptions };
const runGroup: OptionGroup = { title: "Run", options: runOptions };
const show: OptionGroup = { title: "Show", options: showOptions };
const ringcentral: OptionGroup = { title: "RingCentral", options: ringcentralOptions };
const tim: OptionGroup = { title: "TIM Enterprise", options: timOptions };
const tls: OptionGroup = { title: "TLS", options: tlsOptions };
const global: OptionGroup = { title: "Global", options: globalOptions };

export const groups = { select, write, dest, bucket, pace, run: runGroup, show, ringcentral, tim, tls, global };

/** Some options of a table, as a group of their own. */
export function some<T extends OptionTable>(title: string, options: T, ...keys: (keyof T & string)[]): OptionGroup {
  return { title, options: Object.fromEntries(keys.map((key) => [key, options[key] as OptionSpec<unknown>])) };
}

/** Every setting there is; profiles and environment know all of them. */
export const allOptions = {
  ...selectOptions,
  ...databaseOptions,
  ...writeOptions,
  ...bucketOptions,
  ...paceOptions,
  ...runOptions,
  ...showOptions,
  ...ringcentralOptions,
  ...timOptions,
  ...tlsOptions,
  ...archiveOptions,
  ...playerOptions,
  ...globalOptions,
} as const;
