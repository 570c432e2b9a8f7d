// Step 1: a token from the provider.

import { $, busy, chip, el, fill } from "./dom.js";
import { Exchange } from "./exchange.js";
import { shownFetch } from "./http.js";
import { fromNow } from "./jwt.js";
import { explain } from "./problem.js";
import { allScopes, session, setToken } from "./session.js";
import { unfold } from "./steps.js";
import { startToken } from "./token.js";

/** What gets tokens in a client's own name. */
export function clientTokens(client, { scopes = allScopes, fetch }) {
  const { issuer, audience } = session.settings;
  const source = {
    type: "client_credentials",
    issuer,
    clientId: client.id,
    clientSecret: client.secret,
    clientAuth: "client_secret_post",
    resource: audience,
    scope: scopes.join(" "),
  };
  return session.arcgate.TokenManager.create(source, { fetch });
}

export function startGet() {
  const exchange = new Exchange($("get-exchange"), {
    sent: "the client’s id and secret, the scopes, the audience",
    received: "the token, and for how long it is good",
  });
  const button = $("get-form").querySelector("button");
  const view = startToken();

  $("get-form").addEventListener("submit", (event) => {
    event.preventDefault();
    busy(button, get);
  });
  setInterval(() => {
    view.tick();
    if (session.token) sayLife();
  }, 1000);

  async function get() {
    const id = $("algorithms").querySelector("input:checked").value;
    const client = session.settings.clients.find((candidate) => candidate.id === id);
    fill($("get-outcome"));
    try {
      const tokens = await clientTokens(client, { fetch: shownFetch(exchange) });
      const token = await tokens.getToken();
      session.tokens?.close();
      view.show(token);
      setToken({ tokens, token, expiresAt: tokens.expiresAt });
      sayLife();
      unfold("verify");
    } catch (error) {
      fill($("get-outcome"), explain(error));
      if (!session.token) chip($("life"), "bad", "no token");
    }
  }

  return {
    enable() {
      for (const [index, { id, algorithm }] of session.settings.clients.entries()) {
        const input = el("input", { type: "radio", name: "client", value: id, checked: index === 0 });
        $("algorithms").append(el("label", {}, input, el("span", { textContent: algorithm })));
      }
      button.disabled = false;
    },
  };
}

function sayLife() {
  const left = session.expiresAt - Date.now() / 1000;
  const text = fromNow(Math.floor(session.expiresAt));
  chip($("life"), left > 60 ? "good" : left > 0 ? "warn" : "bad", left > 0 ? `ends ${text}` : `ended ${text}`);
}
