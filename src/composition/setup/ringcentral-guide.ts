import type { Settings } from "../../cli/config.ts";
import type { Questions } from "../../cli/questions.ts";
import { RecordingError } from "../../core/model/errors.ts";
import { withoutQuotes } from "../../platform/secrets.ts";

/** Leads through RingCentral's developer console and asks for what comes of it; what is known already is the usual answer. */
export async function askRingCentral(before: Settings, questions: Questions, again: boolean): Promise<Settings> {
  const known = before.clientId !== undefined && !before.jwt && before.jwtFile === undefined;
  const way = await questions.choose(
    "\nHow should callreel log in?",
    [
      { says: "with a JWT: for a machine that works unattended, from cron", names: ["jwt"] },
      { says: "in the browser: for the person at this computer", names: ["browser"] },
    ],
    known ? 1 : 0,
  );
  if (!again)
    questions.say(way === 0 ? consoleSteps(jwtSteps) : consoleSteps(browserSteps(before.redirectPort ?? 8710)), 5);
  const clientId = await questions.text({ ask: "Client id", ...usually(before.clientId), read: plain });
  const { jwt: _, jwtFile: __, accessToken: ___, accessTokenFile: ____, ...others } = { ...before, clientId };
  if (way === 1) return { ...withSecret(others, await askSecret(before, "for a public app")), jwt: "" };
  const withApp = withSecret(others, await askSecret(before, "if the app has none"));
  return withJwt(withApp, before, await askJwt(before, questions));

  async function askSecret({ clientSecret, clientSecretFile }: Settings, none: string): Promise<string> {
    const hint = clientSecretFile ?? (clientSecret === undefined ? `Enter ${none}` : "Enter keeps it");
    return questions.text({ ask: "Client secret, not shown", usual: "", shown: hint, hidden: true, read: plain });
  }
}

async function askJwt({ jwt, jwtFile }: Settings, questions: Questions): Promise<string> {
  const keeps = Boolean(jwt) || jwtFile !== undefined;
  return questions.text({
    ask: "JWT, not shown",
    ...(keeps ? { usual: "", shown: jwtFile ?? "Enter keeps it" } : {}),
    hidden: true,
    read: asJwt,
  });
}

function withSecret(settings: Settings, typed: string): Settings {
  if (typed === "") return settings;
  const { clientSecretFile: _, ...others } = settings;
  return { ...others, clientSecret: typed };
}

function withJwt(settings: Settings, { jwt, jwtFile }: Settings, typed: string): Settings {
  if (typed !== "") return { ...settings, jwt: typed };
  return { ...settings, ...(jwtFile === undefined ? { jwt: jwt as string } : { jwtFile }) };
}

function usually(text: string | undefined): { usual?: string } {
  return text === undefined ? {} : { usual: text };
}

function plain(given: string): string {
  const text = withoutQuotes(given.trim());
  if (/^[\x21-\x7e]+$/.test(text)) return text;
  throw new RecordingError("usage", "It contains spaces or characters that the console's does not: copy it again.");
}

function asJwt(given: string): string {
  const text = withoutQuotes(given.trim()).replace(/\s/g, "");
  if (/^[\w-]+\.[\w-]+\.[\w-]*$/.test(text)) return text;
  throw new RecordingError(
    "usage",
    "That is not a JWT, which has three parts separated by dots. Copy it again, all of it.",
  );
}

/** In the words of RingCentral's guide (developers.ringcentral.com/guide, read in November 2026). */
function consoleSteps(own: readonly string[]): string {
  const steps = [
    "Log in as an administrator of the account, and choose Create App:\n     https://developers.ringcentral.com/console",
    'Choose "REST API App", private: only for your own account.',
    ...own,
    "Copy the client id and client secret from the app's page. If the console says that the app is waiting for approval, it can log in only after that.",
  ];
  const lines = steps.map((step, at) => `  ${at + 1}. ${step}`).join("\n");
  return `\nIn RingCentral's developer console, once:\n${lines}\n  More: https://developers.ringcentral.com/guide/getting-started/register-app\n`;
}

const permissions =
  "Permissions: Read Call Log and Read Call Recording; Read Accounts too, for people's names in file names.";

const jwtSteps = [
  'Authentication: "JWT auth flow".',
  permissions,
  "Make the JWT: your name at the top right, Credentials, Create JWT. It stands for the user who makes it, whose role must allow Company Call Log with recordings.\n     https://developers.ringcentral.com/guide/getting-started/create-credential",
];

function browserSteps(port: number): string[] {
  return [
    `Authentication: "3-legged OAuth flow", public client, with the redirect URI\n     http://localhost:${port}/oauth2callback`,
    'Switch "Issue refresh tokens" on: without them the login lasts an hour.',
    permissions,
  ];
}
