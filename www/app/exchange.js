// What is sent and what comes back, side by side.

import { el, fill } from "./dom.js";
import { masked, ms } from "./jwt.js";
import { kindOf } from "./log.js";

const reasons = {
  200: "OK",
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  413: "Content Too Large",
  415: "Unsupported Media Type",
  421: "Misdirected Request",
  500: "Internal Server Error",
  503: "Service Unavailable",
};

export const statusText = (status) => `${status} ${reasons[status] ?? ""}`.trim();

/** The two panes of a step. */
export class Exchange {
  #sent;
  #received;
  #time;

  constructor(target, { sent: ask, received: answer }) {
    this.#time = el("span", { className: "took" });
    const step = target.closest(".step").querySelector(".fold").textContent;
    this.#sent = pane("Sent", step, ask);
    this.#received = pane("Came back", step, answer, this.#time);
    fill(target, this.#sent.box, this.#received.box);
  }

  /** Shows a request, and an answer that is still awaited. */
  sent({ method, url, headers = {}, body = "" }) {
    const { origin, pathname } = new URL(url, location.href);
    const first = el(
      "span",
      { className: "line" },
      el("b", { textContent: `${method} ` }),
      origin === location.origin ? "" : el("span", { className: "faint", textContent: origin }),
      el("b", { textContent: pathname }),
    );
    this.#sent.show(first, ...headerLines(new Headers(headers)), "\n", ...bodyOf(body));
    this.#received.show(el("span", { className: "faint", textContent: "waiting for the answer…" }));
    this.#time.textContent = "";
  }

  /** Shows an answer, its body read from a copy: set out when it is whole, a stream piece by piece. */
  async received({ status, headers, took }, copy) {
    const data = { kind: kindOf(status) };
    this.#received.show(
      el("span", { className: "line status", textContent: statusText(status), data }),
      ...headerLines(headers),
      "\n",
    );
    this.#time.textContent = ms(took);
    try {
      if (!headers.get("content-type")?.startsWith("text/event-stream"))
        return this.#received.append(...bodyOf(await copy.text()));
      const reader = copy.body.pipeThrough(new TextDecoderStream()).getReader();
      for (let piece = await reader.read(); !piece.done; piece = await reader.read())
        this.#received.append(...highlighted(piece.value));
    } catch {
      this.#received.append(el("span", { className: "faint", textContent: "…and here it broke off." }));
    }
  }

  /** There is no answer. */
  failed() {
    this.#received.show(el("span", { className: "line status", textContent: "no answer", data: { kind: "bad" } }));
  }
}

function pane(title, step, hint, extra = "") {
  const code = el("code", {}, el("span", { className: "faint", textContent: hint }));
  const text = el("pre", { tabIndex: 0, aria: { label: `${title}: ${step}` } }, code);
  text.setAttribute("role", "region");
  const box = el("div", { className: "pane" }, el("h3", {}, title, extra), text);
  return {
    box,
    show(...children) {
      fill(code, ...children);
      text.scrollTop = 0;
    },
    append(...children) {
      code.append(...children);
      text.scrollTop = text.scrollHeight;
    },
  };
}

function headerLines(headers) {
  return [...headers].map(([name, value]) =>
    el("span", { className: "line" }, el("span", { className: "name", textContent: `${name}: ` }), masked(value)),
  );
}

// JSON is set out, a form is taken apart, and the rest stays as it is.
function bodyOf(text) {
  if (text === "") return [];
  try {
    return highlighted(JSON.stringify(JSON.parse(text), null, 2));
  } catch {
    return text.includes("=") && !/\s/.test(text) ? formLines(text) : highlighted(text);
  }
}

function formLines(text) {
  return [...new URLSearchParams(text)].map(([name, value]) =>
    el("span", { className: "line" }, el("span", { className: "name", textContent: `${name} = ` }), value),
  );
}

const json = /("(?:[^"\\]|\\.)*")(\s*:)?|\b(true|false|null|-?\d+(?:\.\d+)?)\b/g;

// Names, strings and the rest of JSON in their colours; tokens masked.
function highlighted(source) {
  const text = masked(source);
  const out = [];
  let at = 0;
  for (const match of text.matchAll(json)) {
    const [whole, string, colon = "", plain] = match;
    out.push(text.slice(at, match.index));
    if (plain !== undefined) out.push(el("span", { className: "literal", textContent: plain }));
    else out.push(el("span", { className: colon ? "name" : "string", textContent: string }), colon);
    at = match.index + whole.length;
  }
  out.push(text.slice(at));
  return out;
}
