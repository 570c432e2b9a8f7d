// Step 1: a token from the provider, and what is in it.

import { $, busy, chip, el, fill } from "./dom.js";
import { Exchange } from "./exchange.js";
import { Problem, requestToken } from "./http.js";
import { decode, fromNow, onCalendar } from "./jwt.js";
import { allScopes, session, setToken } from "./session.js";

const names = {
  header: ["alg", "typ", "kid"],
  claims: ["sub", "client_id", "scope", "iss", "aud", "iat", "exp", "jti"],
};
const meanings = {
  alg: "how it is signed",
  typ: "what it is: an access token",
  kid: "which key signed it",
  sub: "who it is about",
  client_id: "who asked for it",
  scope: "what it allows",
  iss: "who issued it",
  aud: "whom it is meant for",
  iat: "when it was issued",
  exp: "when it ends",
  jti: "its own number",
};
const instants = ["iat", "exp", "nbf", "auth_time"];

class Refusal extends Problem {}

export function startGet() {
  const exchange = new Exchange($("get-exchange"), {
    sent: "the client’s id and secret, the scopes, the audience",
    received: "the token, and for how long it is good",
  });
  const button = $("get-form").querySelector("button");
  let shown = false;
  show(undefined);

  $("get-form").addEventListener("submit", (event) => {
    event.preventDefault();
    busy(button, get);
  });
  $("reveal").addEventListener("click", () => {
    shown = !shown;
    $("reveal").setAttribute("aria-pressed", shown);
    $("reveal").textContent = shown ? "Hide" : "Show";
    raw(session.token, shown);
  });
  $("copy").addEventListener("click", async () => {
    await navigator.clipboard.writeText(session.token).catch(() => {});
    $("copy").textContent = "Copied";
    setTimeout(() => {
      $("copy").textContent = "Copy";
    }, 1500);
  });
  setInterval(tick, 1000);

  async function get() {
    const id = $("algorithms").querySelector("input:checked").value;
    const client = session.settings.clients.find((candidate) => candidate.id === id);
    session.isCounting = false;
    chip($("life"), "idle", "asking…");
    try {
      const { received, token } = await requestToken(client, allScopes, (sent) => exchange.sent(sent));
      exchange.received(received);
      if (!token) throw new Refusal(`refused: ${received.status}`, "");
      session.expiresAt = decode(token).claims.exp;
      show(token);
      session.isCounting = true;
      setToken(token);
      tick();
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      // An answer that is no token stays to be seen.
      if (!(error instanceof Refusal)) exchange.failed(error);
      chip($("life"), "bad", error instanceof Refusal ? error.title : "no answer");
    }
  }

  function show(token) {
    raw(token, shown);
    const { header = {}, claims = {} } = token ? decode(token) : {};
    table($("header-claims"), names.header, header);
    table($("claims"), names.claims, claims);
    for (const id of ["reveal", "copy"]) $(id).disabled = !token;
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

// The token in its three colours. Masked, each letter is a dot: the text keeps its shape.
function raw(token, isShown) {
  if (!token) return fill($("raw"), el("span", { className: "faint", textContent: "It appears here, masked." }));
  const parts = token.split(".").map((text, index) => {
    const kept = isShown ? text.length : index < 2 ? 6 : 0;
    return el("span", {
      className: `part-${["header", "payload", "signature"][index]}`,
      textContent: text.slice(0, kept) + "•".repeat(text.length - kept),
    });
  });
  fill($("raw"), parts[0], ".", parts[1], ".", parts[2]);
}

function table(target, expected, values) {
  const all = [...expected, ...Object.keys(values).filter((name) => !expected.includes(name))];
  fill(target.tBodies[0], ...all.map((name) => row(name, values[name])));
}

function row(name, value) {
  const cell = el("td", { data: { claim: name } });
  if (value === undefined) cell.append("–");
  else if (name === "scope")
    cell.append(...value.split(" ").map((scope) => el("span", { className: "scope", textContent: scope })));
  else if (instants.includes(name)) {
    cell.append(
      el("time", { dateTime: new Date(value * 1000).toISOString(), data: { instant: value } }),
      ` ${onCalendar(value)}`,
    );
    cell.title = String(value);
  } else {
    cell.textContent = typeof value === "string" ? value : JSON.stringify(value);
    cell.title = cell.textContent;
  }
  return el("tr", {}, el("th", { scope: "row", title: meanings[name] ?? "", textContent: name }), cell);
}

// The seconds that pass.
function tick() {
  for (const time of $("claims").querySelectorAll("time")) time.textContent = fromNow(Number(time.dataset.instant));
  if (!session.isCounting) return;
  const left = session.expiresAt - Date.now() / 1000;
  const text = fromNow(session.expiresAt);
  chip(
    $("life"),
    left > 60 ? "good" : left > 0 ? "warn" : "bad",
    left > 0 ? `ends ${text}` : `ended ${text}: get another`,
  );
}
