// The page about tokens over time: a person logs in, and TokenManager does the rest, in sight.

import { $, busy, chip, fill, show } from "./dom.js";
import { loggedFetch } from "./http.js";
import { startLife } from "./life.js";
import { logEvent } from "./log.js";
import { loadPackage } from "./package.js";
import { begin, explain, Problem } from "./problem.js";
import { loadSettings } from "./settings.js";
import { goTo, unfold } from "./steps.js";

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

fill($("notice"));
const [settings, arcgate] = await Promise.all([begin(loadSettings), begin(() => loadPackage("arcgate/client"))]);
if (settings && arcgate) await begin(() => start(settings, arcgate));

async function start({ issuer, audience, page: clientId }, { TokenManager, ArcClient }) {
  if (!clientId) throw new Problem("This provider logs nobody in", "Start it anew with npm start.");
  const early = [];
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
        if (init?.method === "POST" && new URL(url).pathname === "/token") life?.requested();
        return loggedFetch(url, init);
      },
      // What the storage tells comes before there is a life to show.
      onEvent: (event) => (life ? heard(event) : early.push(event)),
    },
  );
  const client = await ArcClient.create({
    endpoint: new URL("/arc", location.href).href,
    requestAgent: "playground",
    token: manager,
    fetch: loggedFetch,
  });
  life = startLife(manager, client);
  for (const event of early) heard(event);

  for (const [id, work] of [
    ["log-in", async () => location.assign(await manager.beginLogin({ returnTo: page }))],
    ["log-out", logOut],
  ]) {
    $(id).addEventListener("click", ({ currentTarget }) => busy(currentTarget, () => work().catch(failed)));
  }

  const hasAnswer = new URL(location.href).searchParams.has("state");
  if (hasAnswer) await comeBack();
  await showWho();
  $("log-in").disabled = false;
  // Who went to the provider is taken on from where they left.
  if (hasAnswer) return $("log-out").hidden ? $("log-in").focus() : goTo("life");

  function heard(event) {
    tell(event);
    life.happened(event);
    if (event.type === "signed_out") left("Somebody logged out in another tab.");
  }

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

  async function showWho() {
    const person = await manager.getToken().then(
      () => manager.claims?.sub,
      () => undefined,
    );
    if (person === undefined) return left();
    chip($("who"), "good", person);
    fill($("login-said"));
    show($("log-out"), true);
    show($("log-in"), false, $("log-out"));
    for (const id of ["life", "share"]) unfold(id);
    life.begin();
  }

  async function logOut() {
    const url = await manager.logout();
    logEvent("logged out", "the refresh token is revoked, the storage is empty");
    left("You are logged out here. The provider asks whether there, too.");
    if (url) location.assign(url);
  }

  function left(said) {
    chip($("who"), "idle", "nobody is logged in");
    if (said) fill($("login-said"), said);
    show($("log-in"), true);
    show($("log-out"), false, $("log-in"));
    life.end();
  }

  // Another tab may have logged somebody in.
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && $("log-out").hidden) showWho();
  });
}

function failed(error) {
  const shown = explain(error);
  logEvent("refused", `${error.code} ${error.details?.subject ?? ""}`, "bad");
  fill($("login-said"), shown);
}

function tell(event) {
  logEvent(event.type.replace("_", " "), words[event.type]?.(event) ?? "", event.type === "failed" ? "bad" : "");
}
