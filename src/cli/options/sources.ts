import { parseDuration } from "../../core/text.ts";
import { choice, flag, integer, list, pairs, secret, text, value, webUrl } from "./option.ts";

export const ringcentralOptions = {
  server: value("--server <url>", "RingCentral's API", webUrl, {
    fallback: "https://platform.ringcentral.com",
    env: ["RC_SERVER_URL"],
  }),
  mediaServer: value("--media-server <url>", "RingCentral's media host", webUrl, {
    fallback: "https://media.ringcentral.com",
    env: ["RC_MEDIA_URL"],
  }),
  clientId: value("--client-id <id>", "the app's client id", text, { env: ["RC_APP_CLIENT_ID"] }),
  clientSecretFile: value("--client-secret-file <file>", "file that holds the app's client secret", text, {
    env: ["RC_APP_CLIENT_SECRET_FILE"],
  }),
  jwtFile: value("--jwt-file <file>", "file that holds the JWT credential", text, { env: ["RC_USER_JWT_FILE"] }),
  accessTokenFile: value("--access-token-file <file>", "file that holds a ready access token", text, {
    env: ["RC_ACCESS_TOKEN_FILE"],
  }),
  tokenKeyFile: value(
    "--token-key-file <file>",
    "file that holds the key of sessions in the ledger's database (32 bytes, hex or base64)",
    text,
  ),
  redirectPort: value("--redirect-port <port>", "loopback port of the browser login", integer(1, 65535), {
    fallback: "8710",
  }),
  clientSecret: secret("RC_APP_CLIENT_SECRET", "the app's client secret"),
  jwt: secret("RC_USER_JWT", "the JWT credential"),
  tokenKey: secret("CALLREEL_TOKEN_KEY", "the key of sessions in the ledger's database"),
  accessToken: secret("RC_ACCESS_TOKEN", "a ready access token"),
} as const;

export const timOptions = {
  timUrl: value("--tim-url <url>", "TIM's web server", webUrl, { env: ["TIM_URL"] }),
  timUser: value("--tim-user <name>", "TIM web user", text, { env: ["TIM_USERNAME"] }),
  timPasswordFile: value("--tim-password-file <file>", "file that holds the web user's password", text, {
    env: ["TIM_PASSWORD_FILE"],
  }),
  timUrlTemplate: value(
    "--tim-url-template <template>",
    "the token request's URL, with {base} {format} {datasource} {voicelocation} {voicefilename} {salt}",
    text,
  ),
  echoRewrite: list("--echo-rewrite <from=to>", "use another address for the Echo host; repeatable", pairs),
  format: choice("--format <format>", "wav or mp3", ["wav", "mp3"], { fallback: "wav" }),
  timAuth: choice("--tim-auth <scheme>", "auto, basic or digest", ["auto", "basic", "digest"], { fallback: "auto" }),
  echoAuth: flag("--echo-auth", "also send the TIM login to the Echo host"),
  echoResume: flag("--echo-resume", "resume interrupted downloads: your Echo supports ranges"),
  linkMaxAge: value("--link-max-age <time>", "discard a token URL that is older than this", parseDuration, {
    fallback: "50s",
  }),
  timPassword: secret("TIM_PASSWORD", "the web user's password"),
} as const;

export const tlsOptions = {
  caFile: value("--ca-file <file>", "additional certificate authorities (PEM)", text),
  insecure: flag("--insecure", "accept any certificate: anyone on the network can read and change everything"),
  tlsMinVersion: choice("--tls-min-version <version>", "1.0, 1.1, 1.2 or 1.3", ["1.0", "1.1", "1.2", "1.3"], {
    fallback: "1.2",
  }),
} as const;
