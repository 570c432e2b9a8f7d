// A token on the page: masked or not, and taken apart.

import { onCopy } from "./code.js";
import { $, el, fill } from "./dom.js";
import { decode, fromNow, onCalendar } from "./jwt.js";

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

/** The part of the page that shows a token. */
export function startToken() {
  let token;
  let isShown = false;

  $("reveal").addEventListener("click", () => {
    isShown = !isShown;
    $("reveal").setAttribute("aria-pressed", isShown);
    $("reveal").textContent = isShown ? "Hide" : "Show";
    raw(token, isShown);
  });
  onCopy($("copy"), () => token, "The token is copied.");

  return {
    show(next) {
      token = next;
      const { header, claims } = decode(token);
      raw(token, isShown);
      table($("header-claims"), names.header, header);
      table($("claims"), names.claims, claims);
      $("token").hidden = false;
    },
    /** A second has passed. */
    tick() {
      for (const time of $("claims").querySelectorAll("time")) time.textContent = fromNow(Number(time.dataset.instant));
    },
  };
}

// The token in its three parts. Masked, each letter is a dot: the text keeps its shape.
function raw(token, isShown) {
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
  const present = expected.filter((name) => name in values);
  const all = [...present, ...Object.keys(values).filter((name) => !expected.includes(name))];
  fill(target.tBodies[0], ...all.map((name) => row(name, values[name])));
}

function row(name, value) {
  const cell = el("td", { data: { claim: name } });
  if (name === "scope")
    cell.append(...value.split(" ").map((scope) => el("span", { className: "scope", textContent: `${scope} ` })));
  else if (instants.includes(name)) {
    const dateTime = new Date(value * 1000).toISOString();
    cell.append(
      el("time", { dateTime, textContent: fromNow(value), data: { instant: value } }),
      ` ${onCalendar(value)}`,
    );
    cell.title = String(value);
  } else {
    cell.textContent = typeof value === "string" ? value : JSON.stringify(value);
    cell.title = cell.textContent;
  }
  return el("tr", {}, el("th", { scope: "row", title: meanings[name] ?? "", textContent: name }), cell);
}
