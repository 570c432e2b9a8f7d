// Requests say whose they are: firewalls in front of providers refuse those that don't. In a browser the browser says it.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { after, before, test } from "node:test";
import { ArcClient, JwtVerifier, TokenManager, version } from "../../pkg/entry.node.js";
import { claims, jws, makeKey, serve } from "../attacks/kit.mjs";

const key = makeKey("ES256");
const seen = [];
let server;
before(async () => {
  server = await serve((request, response) => {
    seen.push([request.url, request.headers["user-agent"]]);
    const answers = {
      "/.well-known/openid-configuration": {
        issuer: server.url,
        jwks_uri: `${server.url}/jwks`,
        token_endpoint: `${server.url}/token`,
      },
      "/jwks": { keys: [key.jwk] },
      "/token": { access_token: "t", expires_in: 60 },
    };
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(answers[request.url] ?? {}));
  });
});
after(() => server.close());

test("keys, metadata, tokens and calls of agents carry the package's name and version", async () => {
  const verifier = await JwtVerifier.create({ providers: { p: { issuer: server.url, audience: "api" } } });
  await verifier.verify(jws(key, claims({ iss: server.url })));
  const source = { type: "client_credentials", issuer: server.url, clientId: "c", clientSecret: "s" };
  const manager = await TokenManager.create(source);
  await manager.getToken();
  manager.close();
  const client = await ArcClient.create({ endpoint: `${server.url}/arc`, requestAgent: "me", token: "t" });
  await client.task.info({ targetAgent: "a", taskId: "1" }).catch(() => {});
  assert.deepEqual(
    new Set(seen.map(([path]) => path)),
    new Set(["/.well-known/openid-configuration", "/jwks", "/token", "/arc"]),
  );
  for (const [path, agent] of seen) assert.equal(agent, `arcgate/${version}`, path);
});

test("in a browser it says nothing of its own: that would cost a preflight", () => {
  const script = `
    Object.defineProperty(globalThis, "navigator", { value: { userAgent: "Mozilla/5.0 (X11; Linux x86_64)" } });
    const { ownName } = await import(${JSON.stringify(new URL("../../pkg/version.js", import.meta.url).href)});
    console.log(JSON.stringify(ownName));`;
  assert.equal(execFileSync(process.execPath, ["--input-type=module", "-e", script], { encoding: "utf8" }), "{}\n");
});
