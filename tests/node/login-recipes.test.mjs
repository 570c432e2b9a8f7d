// The recipes of docs/logins.md: their options are good, and what they ask a provider for is what it wants to hear. The providers'
// metadata is played; its form is that which they publish.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { createFetch, TokenManager } from "../../pkg/client.node.js";

const doc = readFileSync(new URL("../../docs/logins.md", import.meta.url), "utf8");

/** The source and the options of a recipe, as it gives them to `TokenManager.create`. */
function recipe(title) {
  const section = doc.split(`### ${title}\n`)[1].split("\n### ")[0];
  const code = section.match(/```js\n([\s\S]*?)```/)[1].replaceAll(/^import .*$|export /gm, "");
  let given;
  const create = (...options) => {
    given = options;
  };
  new Function("TokenManager", "location", code)({ create }, { origin: "https://app.acme.example" });
  return given;
}

function metadata(issuer, { origin = new URL(issuer).origin, ...more }) {
  const paths = Object.entries(more).map(([name, path]) => [name, typeof path === "string" ? origin + path : path]);
  return { issuer, ...Object.fromEntries(paths) };
}

for (const [title, published, asked] of [
  [
    "Auth0 login",
    { authorization_endpoint: "/authorize", token_endpoint: "/oauth/token", end_session_endpoint: "/oidc/logout" },
    { audience: "https://api.acme.example/arc", scope: "openid offline_access arc.agent.caller" },
  ],
  [
    "Okta login",
    {
      authorization_endpoint: "/oauth2/aus7k2m9x4QvR1bTz5d7/v1/authorize",
      token_endpoint: "/oauth2/aus7k2m9x4QvR1bTz5d7/v1/token",
      end_session_endpoint: "/oauth2/aus7k2m9x4QvR1bTz5d7/v1/logout",
    },
    { audience: null, scope: "openid offline_access arc.agent.caller" },
  ],
  [
    "Entra ID login",
    {
      authorization_endpoint: "/3f9b6a52-7c1d-4e08-9a2f-5d84c07be613/oauth2/v2.0/authorize",
      token_endpoint: "/3f9b6a52-7c1d-4e08-9a2f-5d84c07be613/oauth2/v2.0/token",
      end_session_endpoint: "/3f9b6a52-7c1d-4e08-9a2f-5d84c07be613/oauth2/v2.0/logout",
    },
    { audience: null, scope: "openid offline_access api://b27e4c90-51fa-4d36-8c9e-06f3a1d7e254/access_as_user" },
  ],
  [
    "Cognito login",
    {
      origin: "https://acme.auth.eu-central-1.amazoncognito.com",
      authorization_endpoint: "/oauth2/authorize",
      token_endpoint: "/oauth2/token",
      end_session_endpoint: "/logout",
    },
    { audience: null, scope: "openid arc/arc.agent.caller" },
  ],
  [
    "Keycloak login",
    {
      authorization_endpoint: "/realms/agents/protocol/openid-connect/auth",
      token_endpoint: "/realms/agents/protocol/openid-connect/token",
      end_session_endpoint: "/realms/agents/protocol/openid-connect/logout",
      authorization_response_iss_parameter_supported: true,
    },
    { audience: null, scope: "openid arc.agent.caller" },
  ],
]) {
  test(`${title}: a login begins as the provider wants it`, async () => {
    const [source, options] = recipe(title);
    const asking = [];
    const document = metadata(source.issuer, published);
    const fetch = async (url) => {
      asking.push(url);
      return Response.json(document);
    };
    const manager = await TokenManager.create(source, { ...options, fetch });
    const url = await manager.beginLogin();
    assert.equal(`${url.origin}${url.pathname}`, document.authorization_endpoint);
    assert.deepEqual(asking, [`${source.issuer.replace(/\/$/, "")}/.well-known/openid-configuration`]);
    const query = url.searchParams;
    for (const [name, value] of Object.entries({
      ...asked,
      client_id: source.clientId,
      redirect_uri: source.redirectUri,
      response_type: "code",
      code_challenge_method: "S256",
    })) {
      assert.equal(query.get(name), value, name);
    }
    assert.deepEqual(query.getAll("nonce").length, 1);
    const end = await manager.logout();
    assert.equal(end.searchParams.get("post_logout_redirect_uri"), source.postLogoutRedirectUri ?? null);
    manager.close();
  });
}

test("the page's own recipe has the options of a page", async () => {
  const [, login] = doc.match(/begun \?\?= (TokenManager\.create\([\s\S]*?\n {2}\));/m) ?? [];
  let given;
  const create = (...options) => {
    given = options;
  };
  new Function("TokenManager", "location", login)({ create }, { origin: "https://app.acme.example" });
  assert.deepEqual(given[1], { storage: "session", shareAcrossTabs: true });
  const manager = await TokenManager.create(given[0]);
  assert.equal(manager.state, "empty");
  createFetch(manager, { origins: ["https://api.example.com"] });
});
