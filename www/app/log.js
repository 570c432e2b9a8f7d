// The log at the side: each request in order.

import { $, el, fill } from "./dom.js";
import { masked, ms } from "./jwt.js";

const list = $("log");
let count = 0;

/** Adds a line; gives what completes it. */
export function logRequest({ method, url, authorization }) {
  const { origin, pathname, search } = new URL(url, location.href);
  const status = el("span", { className: "status", textContent: "…", data: { kind: "wait" } });
  const took = el("span", { className: "took" });
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
  add(line);
  return {
    answered(code, time) {
      status.textContent = code;
      status.dataset.kind = kindOf(code);
      took.textContent = ms(time);
    },
    failed(time, why) {
      status.textContent = why;
      status.dataset.kind = "bad";
      took.textContent = ms(time);
    },
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
  add(line);
}

function add(line) {
  const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 40;
  list.append(line);
  $("log-empty").hidden = true;
  $("log-clear").disabled = false;
  if (atEnd) list.scrollTop = list.scrollHeight;
}

export function kindOf(status) {
  return status < 400 ? "good" : "bad";
}

$("log-clear").addEventListener("click", () => {
  fill(list);
  count = 0;
  $("log-empty").hidden = false;
  $("log-clear").disabled = true;
});
