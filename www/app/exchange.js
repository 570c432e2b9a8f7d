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

/** The two panes of a card. */
export class Exchange {
  #sent;
  #received;
  #time;

  constructor(target, { sent: ask, received: answer }) {
    this.#time = el("span", { className: "took" });
    this.#sent = pane("Sent", ask);
    this.#received = pane("Came back", answer, this.#time);
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
    this.#sent.show(first, ...headerLines(Object.entries(headers)), "\n", ...bodyOf(body));
    this.#received.show(el("span", { className: "faint", textContent: "waiting for the answer…" }));
    this.#time.textContent = "";
  }

  /** Shows an answer. */
  received({ status, headers, text, took }) {
    const first = el("span", {
      className: "line status",
      textContent: statusText(status),
      data: { kind: kindOf(status) },
    });
    this.#received.show(first, ...headerLines([...headers]), "\n", ...bodyOf(text));
    this.#time.textContent = ms(took);
  }

  /** Begins an answer that arrives in pieces; gives what appends to it. */
  streaming({ status, headers, took }) {
    this.received({ status, headers, text: "", took });
    return {
      append: (text) => this.#received.append(...highlighted(text)),
      done: (time) => {
        this.#time.textContent = ms(time);
      },
    };
  }

  /** There is no answer: what is wrong, and what to do. */
  failed({ title, message }) {
    const first = el("span", { className: "line status", textContent: title, data: { kind: "bad" } });
    this.#received.show(first, el("span", { className: "line prose", textContent: message }));
    this.#time.textContent = "";
  }
}

function pane(title, hint, extra = "") {
  const code = el("code", {}, el("span", { className: "faint", textContent: hint }));
  const text = el("pre", { tabIndex: 0, aria: { label: title } }, code);
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
  return headers.map(([name, value]) =>
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
