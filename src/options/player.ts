import { choice, flag, integer, list, text, value, webUrl } from "./option.ts";

/** The player, and the links that lead to it. */
export const playerOptions = {
  host: value("--host <address>", "address to listen on", text, { fallback: "127.0.0.1" }),
  port: value("--port <port>", "port to listen on; 0 = any free one", integer(0, 65535), { fallback: "8080" }),
  open: flag("--open", "open the page in the browser"),
  playerUrl: value("--player-url <url>", "the address under which people reach the player", webUrl, {
    fallback: "the running player's",
  }),
  direct: flag("--direct", "the source's own short-lived URL: it works without a login, so it is a key"),
  login: choice("--login <system>", "people log in with their own account of this system", ["ringcentral"]),
  users: value("--users <file>", "people log in with a name and password of this file", text),
  addUser: value("--add-user <name>", "ask for a password, add NAME to --users, and end", text),
  tlsCert: value("--tls-cert <file>", "serve https with this certificate (PEM)", text),
  tlsKey: value("--tls-key <file>", "the certificate's private key (PEM)", text),
  behindProxy: flag("--behind-proxy", "a reverse proxy in front does the https and says in X-Forwarded-For who comes"),
  trustedProxy: list(
    "--trusted-proxy <network>",
    "a proxy to believe beside those on this machine, as 10.0.0.0/8",
    text,
  ),
} as const;
