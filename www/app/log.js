// The log: beside the steps, and where there is no room a bar at the foot of the screen that opens.

import { $, el, fill } from "./dom.js";
import { masked, ms } from "./jwt.js";

const lines = $("log");
const body = $("log-body");
// Old lines go, so that a long job doesn't make the page slow.
const MOST_LINES = 600;
let count = 0;

/** Adds a line. `words` is it in short, for the bar. */
export function addLine(line, words) {
  const isAtEnd = body.scrollHeight - body.scrollTop - body.clientHeight < 40;
  lines.append(line);
  while (lines.childElementCount > MOST_LINES) lines.firstElementChild.remove();
  if (isAtEnd) body.scrollTop = body.scrollHeight;
  $("log-empty").hidden = true;
  $("log-clear").hidden = false;
  sayLast(words);
}

const sayLast = (words) => {
  $("log-last").textContent = words;
};

/** Adds a request; gives what completes its line. */
export function logRequest({ method, url, authorization }) {
  const { origin, pathname, search } = new URL(url, location.href);
  const status = el("span", { className: "status", textContent: "…", data: { kind: "wait" } });
  const took = el("span", { className: "took" });
  const short = `${method} ${pathname}`;
  count += 1;
  const line = el(
    "li",
    {},
    el("span", { className: "number", textContent: count }),
    el("span", { className: "method", textContent: method }),
    el("span", { className: "path", textContent: pathname + search }),
    status,
    el("span", { className: "where", textContent: origin === location.origin ? "the Worker" : new URL(origin).host }),
    took,
    // Where a token would belong, its absence is worth a word.
    pathname === "/arc"
      ? el("span", { className: "bearer", textContent: authorization ? masked(authorization) : "no token" })
      : "",
  );
  addLine(line, `${short} …`);
  const done = (words, kind, time) => {
    status.textContent = words;
    status.dataset.kind = kind;
    took.textContent = ms(time);
    if (line === lines.lastElementChild) sayLast(`${short} ${words}, ${ms(time)}`);
  };
  return {
    answered: (code, time) => done(code, kindOf(code), time),
    failed: (time, why) => done(why, "bad", time),
  };
}

/** Adds a line of what happened without a request: what it is called, and a few words on it. */
export function logEvent(name, words, kind = "") {
  count += 1;
  const line = el(
    "li",
    { className: "event" },
    el("span", { className: "number", textContent: count }),
    el("span", { className: "method", textContent: name }),
    el("span", { className: "path", textContent: "" }),
    el("span", { className: "status", textContent: new Date().toLocaleTimeString("en-GB"), data: { kind } }),
    el("span", { className: "where", textContent: words }),
  );
  addLine(line, name);
}

export function kindOf(status) {
  return status < 400 ? "good" : "bad";
}

$("log-clear").addEventListener("click", () => {
  fill(lines);
  count = 0;
  sayLast("");
  $("log-empty").hidden = false;
  // The button goes; its focus goes on to what it has emptied.
  body.focus();
  $("log-clear").hidden = true;
});

// The bar's button. On a wide screen there is none, and the log is always open.
$("log-toggle").addEventListener("click", () => open($("log-toggle").getAttribute("aria-expanded") !== "true"));
$("panel").addEventListener("keydown", ({ key }) => {
  if (key !== "Escape" || $("log-toggle").getAttribute("aria-expanded") !== "true") return;
  open(false);
  $("log-toggle").focus();
});

function open(isOpen) {
  $("log-toggle").setAttribute("aria-expanded", isOpen);
  $("log-toggle").firstChild.textContent = isOpen ? "Hide" : "Show";
  $("panel").toggleAttribute("data-open", isOpen);
  if (isOpen) body.scrollTop = body.scrollHeight;
}
