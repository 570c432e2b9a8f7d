// The page about tokens over time: a person logs in, and TokenManager does the rest, in sight.

import { $, busy, chip, fill } from "./dom.js";
import { loggedFetch } from "./http.js";
import { startLife } from "./life.js";
import { logEvent } from "./log.js";
import { loadPackage } from "./package.js";
import { begin, notice, Problem } from "./problem.js";
import { loadSettings } from "./settings.js";

const page = new URL("tokens", location.href).href;

const words = {
  refreshed: ({ reason }) => `a new token; the reason: ${reason}`,
  adopted: () => "a token out of the storage, or from another tab",
  failed: ({ code, reason, final }) => `${code}: ${reason}${final ? "; for good" : ""}`,
  expired: () => "a token ended before the next one came",
  revoked: () => "the provider has revoked the tokens",
  signed_out: () => "somebody logged out in another tab",
  not_stored: () => "the storage failed; the tokens are in memory only",
};

const subject = (token) => {
  const [, payload] = token.split(".");
  return JSON.parse(atob(payload.replaceAll("-", "+").replaceAll("_", "/"))).sub;
};

fill($("notice"));
const [settings, arcgate] = await Promise.all([begin(loadSettings), begin(() => loadPackage("client"))]);
if (settings && arcgate) await begin(() => start(settings, arcgate));

async function start({ issuer, audience, page: clientId }, { TokenManager, ArcClient }) {
  if (!clientId) throw new Problem("This provider logs nobody in", "Start it anew with npm start.");
  let life;
  const manager = await TokenManager.create(
    {
      type: "authorization_code",
      issuer,
      clientId,
      redirectUri: page,
      postLogoutRedirectUri: page,
      scope: "openid arc.agent.caller arc.task.controller arc.chat.controller",
      resource: audience,
    },
    {
      storage: "encrypted",
      fetch: (url, init) => {
        if (init?.method === "POST" && new URL(url).pathname === "/token") life.requested();
        return loggedFetch(url, init);
      },
      onEvent: (event) => {
        tell(event);
        life.happened(event);
        if (event.type === "signed_out") left("Somebody logged out in another tab.");
      },
    },
  );
  const client = await ArcClient.create({
    endpoint: new URL("/arc", location.href).href,
    requestAgent: "playground",
    token: manager,
    fetch: loggedFetch,
  });
  life = startLife(manager, client);

  for (const [id, work] of [
    ["log-in", async () => location.assign(await manager.beginLogin({ returnTo: page }))],
    ["log-out", logOut],
  ]) {
    $(id).addEventListener("click", ({ currentTarget }) => busy(currentTarget, () => work().catch(failed)));
  }

  if (new URL(location.href).searchParams.has("state")) await comeBack();
  await show();

  // The provider has sent somebody back here: with a code, or with its reason.
  async function comeBack() {
    try {
      const { claims, returnTo } = await manager.completeLogin(location.href);
      history.replaceState(null, "", returnTo ?? page);
      logEvent("logged in", `${claims.sub}; the ID token is verified`);
    } catch (error) {
      // What was tried is over: a reload shall not try it again.
      history.replaceState(null, "", page);
      failed(error);
    }
  }

  async function show() {
    const person = await manager.getToken().then(subject, () => undefined);
    if (person === undefined) return left($("login-said").textContent);
    chip($("who"), "good", person);
    $("login-said").dataset.kind = "";
    $("login-said").textContent = `${person} is logged in, in every tab of this page.`;
    $("log-in").disabled = true;
    $("log-out").disabled = false;
    life.begin();
  }

  async function logOut() {
    const url = await manager.logout();
    logEvent("logged out", "the refresh token is revoked, the storage is empty");
    left("You are logged out here. The provider asks whether there, too.");
    if (url) location.assign(url);
  }

  function left(words) {
    chip($("who"), "idle", "nobody is logged in");
    $("login-said").textContent = words;
    $("log-in").disabled = false;
    $("log-out").disabled = true;
    life.end();
  }

  // Another tab may have logged somebody in.
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && $("log-out").disabled) show();
  });
}

function failed(error) {
  if (error.name !== "ArcgateError") return notice(error);
  logEvent("refused", `${error.code} ${error.details?.subject ?? ""}`, "bad");
  $("login-said").dataset.kind = "bad";
  $("login-said").textContent = `${error.message} (${error.code})`;
}

function tell(event) {
  logEvent(event.type.replace("_", " "), words[event.type]?.(event) ?? "", event.type === "failed" ? "bad" : "");
}
