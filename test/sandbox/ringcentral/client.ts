import type { RingCentralSandbox } from "../../../src/sandbox/ringcentral/index.ts";

export const jwtBearer = "urn:ietf:params:oauth:grant-type:jwt-bearer";

// biome-ignore lint/suspicious/noExplicitAny: the tests read whatever JSON comes back
export type Body = any;

/** A client of a few lines, which knows nothing of limits and retries. */
export function clientOf(sandbox: RingCentralSandbox) {
  const { apiUrl, mediaUrl, env } = sandbox;
  const basic = `Basic ${Buffer.from(`${env.RC_APP_CLIENT_ID}:${env.RC_APP_CLIENT_SECRET}`).toString("base64")}`;
  let token = "";
  const form = (
    path: string,
    fields: Record<string, string>,
    headers: Record<string, string> = { Authorization: basic },
  ) => fetch(apiUrl + path, { method: "POST", headers, body: new URLSearchParams(fields), redirect: "manual" });
  const account = "/restapi/v1.0/account/~";
  const get = (path: string, headers: Record<string, string> = {}) =>
    fetch(path.startsWith("http") ? path : apiUrl + account + path, {
      headers: { Authorization: `Bearer ${token}`, ...headers },
      redirect: "manual",
    });
  return {
    basic,
    form,
    get,
    token: () => token,
    use: (accessToken: string) => {
      token = accessToken;
    },
    grant: (fields: Record<string, string>) => form("/restapi/oauth/token", fields),
    async login(jwt = env.RC_USER_JWT): Promise<Body> {
      const body: Body = await (await form("/restapi/oauth/token", { grant_type: jwtBearer, assertion: jwt })).json();
      token = body.access_token;
      return body;
    },
    content: (id: string, headers: Record<string, string> = {}, query = "") =>
      get(`${mediaUrl}${account}/recording/${id}/content${query}`, headers),
    async json(path: string): Promise<Body> {
      return (await get(path)).json();
    },
    control: async (order: object) =>
      fetch(`${apiUrl}/_sandbox/control`, { method: "POST", body: JSON.stringify(order) }),
  };
}

/** The code of an error body, nested or not. */
export async function codeOf(answer: Response): Promise<string> {
  const body: Body = await answer.json();
  return body.errors?.[0]?.errorCode ?? body.error;
}
