// Step 2: the package verifies the token in this page, and refuses what is broken.

import { breakages } from "./breakages.js";
import { $, busy, chip, el, fill } from "./dom.js";
import { loggedFetch } from "./http.js";
import { ms, onCalendar } from "./jwt.js";
import { onToken, session } from "./session.js";

export function startVerify() {
  let arcgate;
  let verifier;
  const button = $("verify-button");
  const buttons = breakages.map((breakage) => {
    const made = el("button", { type: "button", textContent: breakage.label, disabled: true });
    made.addEventListener("click", () => busy(made, () => tryBroken(breakage)));
    return made;
  });
  fill($("break"), ...buttons);
  reset();
  button.addEventListener("click", () => busy(button, verify));
  onToken(() => {
    reset();
    button.disabled = !arcgate;
  });

  function reset() {
    verifier = undefined;
    for (const each of buttons) each.disabled = true;
    for (const id of ["time-first", "time-known", "time-second"]) $(id).textContent = "–";
    $("note-first").textContent = "fetches the keys";
    chip($("verdict"), "idle", "not verified");
    showPrincipal();
    showRefusal($("break-outcome"));
  }

  const make = ({ provider = {}, ...options } = {}) => {
    const { issuer, audience } = session.settings;
    return arcgate.JwtVerifier.create({ providers: { local: { issuer, audience, ...provider } }, ...options });
  };

  /** A verifier of other options, with the keys that the first one fetched. */
  const makeWithKeys = async (options) => {
    const other = await make(options);
    other.importKeys(verifier.exportKeys());
    return other;
  };

  // A new verifier each time: it knows no key and no token yet.
  async function verify() {
    reset();
    const { token } = session;
    const requests = [];
    const counted = async (...request) => {
      requests.push(request);
      return loggedFetch(...request);
    };
    try {
      const fresh = await make({ fetch: counted });
      const first = await timed(() => fresh.verify(token));
      const second = await timed(() => fresh.verify(token));
      verifier = fresh;
      const other = await makeWithKeys();
      const known = await timed(() => other.verify(token));
      $("time-first").textContent = ms(first.took);
      $("note-first").textContent = `${requests.length} requests for the keys`;
      $("time-known").textContent = ms(known.took);
      $("time-second").textContent = ms(second.took);
      showPrincipal(first.result);
      chip($("verdict"), "good", "accepted");
      for (const each of buttons) each.disabled = false;
    } catch (error) {
      const { code, message, retryable, details } = error;
      // No keys, say: that is no word against the token.
      if (retryable) chip($("verdict"), "warn", "can’t tell now");
      else chip($("verdict"), "bad", "refused");
      const rows = [
        ["code", [el("code", { className: "status", textContent: code ?? error.name, data: { kind: "bad" } })]],
        ["why", [message]],
        ["fault", [`${details?.fault ?? "–"}; ${retryable ? "ask again later" : "a retry won’t help"}`]],
        ["over HTTP", [asHttp(error)]],
      ];
      fill($("verify-outcome"), list(rows));
    }
  }

  async function tryBroken({ apply }) {
    const { token, options, change } = await apply({ token: session.token, keys: verifier.exportKeys() });
    const tried = options ? await makeWithKeys(options) : verifier;
    try {
      await tried.verify(token);
      showRefusal($("break-outcome"), {
        change,
        error: { code: "accepted", message: "This should not have happened." },
      });
    } catch (error) {
      showRefusal($("break-outcome"), { change, error, http: asHttp(error) });
    }
  }

  // What a server that uses the package would answer.
  function asHttp(error) {
    const { status, headers } = arcgate.errorResponse(error);
    const wait = headers.get("retry-after");
    return [status, headers.get("www-authenticate"), wait && `Retry-After: ${wait}`].filter(Boolean).join(" · ");
  }

  return {
    enable(loaded) {
      arcgate = loaded;
      button.disabled = !session.token;
    },
  };
}

async function timed(work) {
  const began = performance.now();
  const result = await work();
  return { result, took: performance.now() - began };
}

function showPrincipal({ principal, scopes, provider, expiresAt } = {}) {
  const scopeList = scopes?.map((scope) => el("span", { className: "scope", textContent: scope })) ?? ["–"];
  const pairs = [
    ["principal", [el("code", { textContent: principal?.key ?? "–" })]],
    ["provider", [provider ?? "–"]],
    ["scopes", scopeList],
    ["expires", [expiresAt ? onCalendar(expiresAt) : "–"]],
  ];
  fill($("verify-outcome"), list(pairs));
}

/** An ArcgateError, and what was done to provoke it. */
function showRefusal(target, { change, error, http } = {}) {
  const [before, after] = change ?? ["nothing is broken yet", ""];
  const {
    code = "ERR_…",
    message = "Press one of the buttons: the token, or what is expected of it, is changed.",
    retryable,
    details,
  } = error ?? {};
  fill(
    target,
    el(
      "p",
      { className: "change" },
      after ? el("del", { textContent: before }) : before,
      after ? " → " : "",
      after ? el("ins", { textContent: after }) : "",
    ),
    el("p", { className: "code", textContent: code, data: { kind: error ? "bad" : "idle" } }),
    el("p", { className: "message", textContent: message }),
    list([
      ["fault", [details?.fault ?? "–"]],
      ["retryable", [retryable === undefined ? "–" : retryable ? "yes: ask again later" : "no"]],
      ["over HTTP", [http ?? "–"]],
    ]),
  );
}

function list(pairs) {
  return el(
    "dl",
    {},
    ...pairs.map(([name, values]) =>
      el("div", { data: { field: name } }, el("dt", { textContent: name }), el("dd", {}, ...values)),
    ),
  );
}
