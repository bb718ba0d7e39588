import type { Settings } from "../../cli/config.ts";
import type { Io } from "../../cli/io.ts";
import { archivePlace } from "../../cli/options/bucket.ts";
import { webUrl } from "../../cli/options/option.ts";
import type { Questions } from "../../cli/questions.ts";
import { RecordingError } from "../../core/model/errors.ts";
import { isDatabase } from "../../ledgers/index.ts";
import { archiveName, isBucket } from "../archive.ts";
import { absolute, hasPassword } from "./keep-profile.ts";

/** Asks where the recordings go: into a folder, or a bucket, of which also its server and its ledger are asked for. */
export async function askArchive(before: Settings, questions: Questions, io: Io): Promise<Settings> {
  const dest = await questions.text({
    ask: "Folder for the recordings, or s3://bucket/prefix",
    usual: archiveName(before, io),
    read: (given) => place(given, io),
  });
  const { s3Endpoint, s3Region = "us-east-1", ledger, ...others } = before;
  if (!isBucket({ dest })) return { ...others, ...(ledger && { ledger }), dest };
  questions.say(keysInWords, 2);
  const server = await questions.text({
    ask: "The bucket's server, as in https://s3.example.com",
    ...(s3Endpoint === undefined ? { usual: "", shown: "Enter: AWS" } : { usual: s3Endpoint }),
    read: (given) => (isAws(given) ? "" : webUrl(given)),
  });
  const region = await questions.text({ ask: "The bucket's region", usual: s3Region });
  const where = await questions.text({
    ask: "Its ledger: a file, or postgres://user@host/database",
    ...(ledger === undefined ? { usual: "", shown: "Enter: a file on this machine" } : { usual: ledger }),
    read: (given) => ledgerPlace(given, io),
  });
  return {
    ...others,
    dest,
    ...(server !== "" && { s3Endpoint: server }),
    s3Region: region,
    ...(where !== "" && { ledger: where }),
  };
}

const keysInWords =
  "\n  The bucket's keys stay out of the profile: callreel takes AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (or …_FILE) from the environment, else AWS's own chain.\n";

function place(given: string, io: Io): string {
  if (!/^[a-z0-9+.-]+:\/\//i.test(given)) return absolute(given, io);
  try {
    return archivePlace(given);
  } catch (error) {
    throw new RecordingError("usage", `This ${(error as RecordingError).message}`);
  }
}

function isAws(given: string): boolean {
  return given.toLowerCase() === "aws";
}

function ledgerPlace(given: string, io: Io): string {
  if (!isDatabase(given)) return absolute(given, io);
  if (!hasPassword(given)) return given;
  throw new RecordingError(
    "usage",
    "Leave the password out: callreel takes it from CALLREEL_LEDGER_PASSWORD, or the file that --ledger-password-file names.",
  );
}
