import { text, value } from "./option.ts";

/** Where `callreel report` writes to; these belong to this verb alone and are no settings. */
export const reportOptions = {
  htmlFile: value("--html [file]", "write one self-contained page, to read and to print; - for stdout", text),
  csvFile: value("--csv [file]", "write every recording as a line of CSV", text),
  jsonFile: value("--json [file]", "write all of it as one JSON object", text),
} as const;
