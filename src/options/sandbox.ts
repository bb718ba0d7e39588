import { choice, flag, integer, value } from "./option.ts";

const port = (flags: string, whose: string) => value(flags, `port of ${whose}; 0 = any free one`, integer(0, 65_535));

/** Options of `callreel sandbox`; they belong to this verb alone and are no settings. */
export const sandboxOptions = {
  ringcentralPort: port("--ringcentral-port <n>", "RingCentral's API"),
  mediaPort: port("--media-port <n>", "RingCentral's media host"),
  timPort: port("--tim-port <n>", "TIM's web server"),
  echoPort: port("--echo-port <n>", "the Echo Service"),
  json: flag("--json", "print the settings as one JSON object of environment variables"),
  recordings: value("--recordings <n>", "recordings in RingCentral's call log", integer(0), { fallback: "17" }),
  days: value("--days <n>", "days over which the calls are spread", integer(1, 3_650), { fallback: "30" }),
  rate: value("--rate <n>", "RingCentral's heavy requests in each window", integer(1), { fallback: "10" }),
  window: value("--window <s>", "seconds of that window, and of the penalty", integer(1), { fallback: "60" }),
  tokenTtl: value("--token-ttl <s>", "seconds that a TIM token URL lives", integer(0), { fallback: "60" }),
  timRows: value("--tim-rows <n>", "rows of TIM's calls table", integer(0), { fallback: "24" }),
  timAuth: choice(
    "--tim-auth <mode>",
    "login that TIM asks for: basic, digest, both, ntlm, negotiate, windows or all",
    ["basic", "digest", "both", "ntlm", "negotiate", "windows", "all"],
    { fallback: "basic" },
  ),
} as const;
