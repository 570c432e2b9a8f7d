// Step 2: the package verifies the token in this page, and refuses what is broken.

import { breakages } from "./breakages.js";
import { $, busy, chip, el, fill, list, show } from "./dom.js";
import { loggedFetch } from "./http.js";
import { ms, onCalendar } from "./jwt.js";
import { explain } from "./problem.js";
import { onToken, session } from "./session.js";
import { unfold } from "./steps.js";

export function startVerify() {
  let verifier;
  const button = $("verify-button");
  const buttons = breakages.map((breakage) => {
    const made = el("button", { type: "button", textContent: breakage.label });
    made.addEventListener("click", () => busy(made, () => tryBroken(breakage)));
    return made;
  });
  fill($("break"), ...buttons);
  button.addEventListener("click", () => busy(button, verify));
  onToken(() => {
    reset();
    button.disabled = false;
    for (const hint of document.querySelectorAll("[data-needs=token]")) hint.hidden = true;
  });

  function reset() {
    verifier = undefined;
    show($("timings"), false);
    show($("break-part"), false, button);
    fill($("verify-outcome"));
    fill($("break-outcome"));
    chip($("verdict"), "idle", "not verified");
  }

  /** A verifier of other options, with the keys that the first one fetched. */
  async function makeWithKeys(options) {
    const other = await make(options);
    other.importKeys(verifier.exportKeys());
    return other;
  }

  // A new verifier each time: it knows no key and no token yet.
  async function verify() {
    const { token } = session;
    let requests = 0;
    const fetch = (...request) => {
      requests += 1;
      return loggedFetch(...request);
    };
    try {
      const fresh = await make({ fetch });
      const first = await timed(() => fresh.verify(token));
      const second = await timed(() => fresh.verify(token));
      verifier = fresh;
      const other = await makeWithKeys();
      const known = await timed(() => other.verify(token));
      $("time-first").textContent = ms(first.took);
      $("note-first").textContent = `${requests} requests for the keys`;
      $("time-known").textContent = ms(known.took);
      $("time-second").textContent = ms(second.took);
      fill($("verify-outcome"), identity(first.result));
      chip($("verdict"), "good", "accepted");
      show($("timings"), true);
      show($("break-part"), true);
      unfold("call");
    } catch (error) {
      // No keys, say: that is no word against the token.
      if (error.retryable) chip($("verdict"), "warn", "can’t tell now");
      else chip($("verdict"), "bad", "refused");
      fill($("verify-outcome"), explain(error), about(error));
    }
  }

  async function tryBroken({ apply }) {
    const { token, options, change } = await apply({ token: session.token, keys: verifier.exportKeys() });
    const tried = options ? await makeWithKeys(options) : verifier;
    try {
      await tried.verify(token);
      fill(
        $("break-outcome"),
        el("p", { className: "error-code", textContent: "This should not have been accepted." }),
      );
    } catch (error) {
      fill($("break-outcome"), ...refusal(error, change));
    }
  }

  return {
    enable() {
      button.disabled = !session.token;
    },
  };
}

function make({ provider = {}, ...options } = {}) {
  const { issuer, audience } = session.settings;
  return session.arcgate.JwtVerifier.create({ providers: { local: { issuer, audience, ...provider } }, ...options });
}

async function timed(work) {
  const began = performance.now();
  const result = await work();
  return { result, took: performance.now() - began };
}

function identity({ principal, scopes, provider, expiresAt }) {
  return list([
    ["principal", [el("code", { textContent: principal.key })]],
    ["provider", [provider]],
    ["scopes", scopes.map((scope) => el("span", { className: "scope", textContent: `${scope} ` }))],
    ["expires", [onCalendar(expiresAt)]],
  ]);
}

/** An ArcgateError, and what was done to provoke it. */
function refusal(error, [before, after]) {
  const changed = [el("del", { textContent: before }), " → ", el("ins", { textContent: after })];
  return [
    el("p", { className: "change" }, ...changed),
    el("p", { className: "error-code" }, el("a", { href: error.docs, textContent: error.code })),
    el("p", { className: "message", textContent: error.message }),
    about(error),
  ];
}

const about = (error) =>
  list([
    ["fault", [error.details?.fault ?? "–"]],
    ["retryable", [error.retryable ? "yes: ask again later" : "no"]],
    ["over HTTP", [asHttp(error)]],
  ]);

// What a server that uses the package would answer.
function asHttp(error) {
  const { status, headers } = session.arcgate.errorResponse(error);
  const wait = headers.get("retry-after");
  return [status, headers.get("www-authenticate"), wait && `Retry-After: ${wait}`].filter(Boolean).join(" · ");
}
