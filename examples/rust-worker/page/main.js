// Logs somebody in, and asks the API with the token and without it.

import { createFetch, TokenManager } from "arcgate/client";

// What the provider of `npm start` knows this page as: yours gives you a client id of your own.
const settings = { issuer: "http://127.0.0.1:9000", clientId: "demo-web" };

const paths = ["/health", "/hello", "/me", "/reports"];
const element = (id) => document.getElementById(id);

const manager = await TokenManager.create(
  {
    type: "authorization_code",
    ...settings,
    redirectUri: `${location.origin}/`,
    postLogoutRedirectUri: `${location.origin}/`,
    scope: "openid offline_access arc.agent.caller",
  },
  { storage: "session" },
);
const withToken = createFetch(manager, { origins: [location.origin] });

// The provider has sent somebody back.
const query = new URLSearchParams(location.search);
if (query.has("state") && (query.has("code") || query.has("error"))) {
  await manager.completeLogin(location.href).catch((error) => say(error.code ?? String(error)));
  history.replaceState(null, "", "/");
} else if (!manager.claims) {
  await manager.getToken().catch(() => {});
}

function say(text) {
  element("said").textContent = text;
}

function show() {
  const { claims } = manager;
  element("who").textContent = claims ? `Logged in as ${claims.sub}.` : "Nobody is logged in.";
  element("log-in").hidden = claims !== undefined;
  element("log-out").hidden = claims === undefined;
}

async function ask(path, send) {
  say("…");
  try {
    const response = await send(path);
    const challenge = response.headers.get("www-authenticate");
    say([`${response.status} ${await response.text()}`, challenge].filter(Boolean).join("\n"));
  } catch (error) {
    say(error.code ?? String(error));
  }
}

for (const path of paths) {
  const row = document.querySelector("tbody").insertRow();
  const head = document.createElement("th");
  head.scope = "row";
  head.textContent = path;
  row.append(head);
  for (const [name, send] of Object.entries({ with: withToken, without: fetch })) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = "ask";
    button.setAttribute("aria-label", `${path} ${name} the token`);
    button.addEventListener("click", () => ask(path, (where) => send(where)));
    row.insertCell().append(button);
  }
}
element("log-in").addEventListener("click", async () => location.assign(await manager.beginLogin()));
element("log-out").addEventListener("click", async () => {
  const url = await manager.logout();
  if (url) location.assign(url);
});
manager.subscribe(show);
show();
