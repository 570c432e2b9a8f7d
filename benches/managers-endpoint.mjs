// A token endpoint for the benchmark: it counts, rotates refresh tokens with reuse detection, and can be down. At a path of its
// own and at Auth0's, on the origin of the page that asks.

import { createServer } from "node:http";

const LATENCY_MS = 30;

/** Starts one, at an origin of its own. `files`: path -> { type, body }, the page that asks. `life`: of a token, in seconds. */
export async function startEndpoint(files, { life, rotates = false }) {
  const run = new Run();
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url, "http://localhost");
    const file = files[pathname];
    if (file) return void response.writeHead(200, { "content-type": file.type }).end(file.body);
    if (!["/token", "/oauth/token"].includes(pathname)) return void response.writeHead(404).end();
    let body = "";
    for await (const chunk of request) body += chunk;
    const { status, answer } = run.answer(parsed(request.headers["content-type"], body));
    run.underWay += 1;
    await new Promise((resolve) => setTimeout(resolve, LATENCY_MS));
    run.underWay -= 1;
    // As a proxy says it.
    if (status === 503)
      return void response.writeHead(503, { "content-type": "text/html" }).end("<h1>unavailable</h1>");
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(answer));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const close = () => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  };
  return Object.assign(run, { base: `http://127.0.0.1:${server.address().port}`, life, rotates, close });
}

const parsed = (type, body) =>
  /json/.test(type ?? "") ? JSON.parse(body) : Object.fromEntries(new URLSearchParams(body));

class Run {
  count = 0;
  underWay = 0;
  isDown = false;
  isAlive = true;
  #minted = 0;

  answer({ grant_type, refresh_token, code, client_id }) {
    this.count += 1;
    if (this.isDown) return { status: 503, answer: {} };
    const refused = { status: 403, answer: { error: "invalid_grant", error_description: "no such refresh token" } };
    if (grant_type === "refresh_token") {
      if (!this.isAlive) return refused;
      if (this.rotates && refresh_token !== `r${this.#minted}`) {
        // Used twice: somebody has stolen it.
        this.isAlive = false;
        return refused;
      }
    }
    this.#minted += 1;
    const answer = { access_token: `a${this.#minted}`, token_type: "Bearer", expires_in: this.life, scope: "openid" };
    answer.refresh_token = this.rotates ? `r${this.#minted}` : "r1";
    // The page's clock is its own; an ID token that lives for ever disturbs nobody.
    const now = Math.floor(Date.now() / 1000);
    const claims = { iss: `${this.base}/`, aud: client_id, sub: "alice", iat: now, exp: now + 86_400, nonce: code };
    answer.id_token = [{ alg: "RS256", typ: "JWT" }, claims, "unsigned"]
      .map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"))
      .join(".");
    return { status: 200, answer };
  }
}
