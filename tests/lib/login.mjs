// A login at the provider without a browser: its forms, sent as a browser would send them.

import { createHash, randomBytes } from "node:crypto";

const random = () => randomBytes(32).toString("base64url");

/** Logs somebody in, consent included, by authorization code with PKCE. Gives the token endpoint's answer. */
export async function logIn(idp, { client, redirectUri, user = "alice", scope = "openid offline_access" }) {
  const verifier = random();
  const query = new URLSearchParams({
    client_id: client.client_id,
    redirect_uri: redirectUri,
    response_type: "code",
    scope,
    // Without it there is no refresh token that outlives the session (OpenID Connect Core 1.0 §11).
    prompt: "consent",
    state: random(),
    code_challenge: createHash("sha256").update(verifier).digest("base64url"),
    code_challenge_method: "S256",
  });
  const code = await codeOf(`${idp.issuer}/auth?${query}`, redirectUri, user);
  const body = new URLSearchParams({
    grant_type: "authorization_code",
    code,
    redirect_uri: redirectUri,
    code_verifier: verifier,
    client_id: client.client_id,
    ...(client.client_secret && { client_secret: client.client_secret }),
  });
  const response = await fetch(idp.tokenEndpoint, { method: "POST", body });
  const tokens = await response.json();
  if (!response.ok) throw new Error(`no tokens from the provider: ${JSON.stringify(tokens)}`);
  return tokens;
}

async function codeOf(start, redirectUri, user) {
  const cookies = new Map();
  const send = async (url, form) => {
    const response = await fetch(url, {
      method: form ? "POST" : "GET",
      body: form && new URLSearchParams(form),
      headers: { cookie: [...cookies].map((pair) => pair.join("=")).join("; ") },
      redirect: "manual",
    });
    for (const cookie of response.headers.getSetCookie()) {
      const [name, value] = cookie.split(";")[0].split("=");
      cookies.set(name, value);
    }
    return response;
  };
  let url = start;
  for (let step = 0; step < 12; step += 1) {
    let response = await send(url);
    if (response.status === 200) {
      // A page: the login, or the consent.
      const prompt = /name="prompt" value="(\w+)"/.exec(await response.text())?.[1];
      response = await send(url, { prompt, login: user, password: "any" });
    }
    const next = response.headers.get("location");
    if (!next) throw new Error(`the provider answered ${response.status}: ${await response.text()}`);
    url = new URL(next, url).href;
    if (url.startsWith(redirectUri)) {
      const answer = new URL(url).searchParams;
      if (!answer.has("code")) throw new Error(`no code: ${answer}`);
      return answer.get("code");
    }
  }
  throw new Error("the login does not end");
}
