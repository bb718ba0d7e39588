import { existsSync } from "node:fs";
import { resolve } from "node:path";
import type { Settings } from "../../cli/config.ts";
import { webUrl } from "../../cli/options/option.ts";
import type { Questions } from "../../cli/questions.ts";
import { RecordingError } from "../../core/model/errors.ts";

/** Asks how TIM Enterprise is reached; what is known already is the usual answer. */
export async function askTim(before: Settings, questions: Questions, again: boolean): Promise<Settings> {
  if (!again) questions.say(steps, 5);
  const { timUrl: url, timUser: user, timPassword, timPasswordFile } = before;
  const timUrl = await questions.text({
    ask: "TIM's address, as in https://tim.example.com",
    ...(url === undefined ? {} : { usual: url }),
    read: webUrl,
  });
  const timUser = await questions.text({ ask: "TIM web user", ...(user === undefined ? {} : { usual: user }) });
  const keeps = timPassword !== undefined || timPasswordFile !== undefined;
  const typed = await questions.text({
    ask: "Password, not shown",
    ...(keeps ? { usual: "", shown: timPasswordFile ?? "Enter keeps it" } : {}),
    hidden: true,
  });
  if (typed === "") return { ...before, timUrl, timUser };
  const { timPasswordFile: _, ...others } = before;
  return { ...others, timUrl, timUser, timPassword: typed };
}

const steps = `
TIM Enterprise, at its web server:
  1. callreel needs a web user who may play recordings: TIM's administrator creates one.
  2. TIM offers no list of its calls: they come from its table "calls", exported to a file or read from the database. One row is enough to try the login with.
`;

/** A recording to try: what `doctor` takes as a row. */
export interface TestRow {
  readonly args: readonly string[];
  readonly rows?: readonly string[];
}

/** Asks for a row to try: three ids, or a file of rows. */
export async function askTestRow(cwd: string, questions: Questions): Promise<TestRow> {
  let row: TestRow = { args: [] };
  await questions.text({
    ask: "A row to try: datasource,voicelocation,voicefilename or a file",
    usual: "",
    shown: "Enter: none",
    read(given) {
      row = testRow(given, cwd);
      return given;
    },
  });
  return row;
}

/** A row as a person writes it; throws `usage` where it is neither a file nor three ids. */
export function testRow(given: string, cwd: string): TestRow {
  const file = resolve(cwd, given);
  if (existsSync(file)) return { args: [], rows: [file] };
  const ids = given.split(/\s*[,;\t|]\s*|\s+/);
  if (ids.length === 3 && ids.every((id) => id !== "")) {
    return { args: [`/r/tim/${ids.map(encodeURIComponent).join("/")}`] };
  }
  throw new RecordingError("usage", `"${given}" is neither a file nor three ids separated by commas.`);
}
