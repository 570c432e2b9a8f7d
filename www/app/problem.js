// What went wrong, for a person: in words, with its code, and where to read on.

import { $, el } from "./dom.js";

/** `title` says what is wrong, the message what to do. */
export class Problem extends Error {
  constructor(title, advice) {
    super(advice);
    this.title = title;
  }
}

// What the package can't know: who runs the provider and the Worker here.
export const isRunning = "Is npm start still running in the terminal? It runs the provider beside the Worker.";
const here = {
  ERR_JWKS_UNAVAILABLE: isRunning,
  ERR_REFRESH_UNAVAILABLE: isRunning,
  ERR_NETWORK: isRunning,
};

/** An error as a person reads it: an ArcgateError has a code, and a page that explains it. */
export function explain(error) {
  if (error instanceof Problem)
    return seen(el("p", { className: "wrong" }, el("strong", { textContent: error.title }), ` ${error.message}`));
  if (error.name !== "ArcgateError") throw error;
  const advice = here[error.code];
  return seen(
    el(
      "p",
      { className: "wrong" },
      el("strong", { textContent: sentence(error.message) }),
      advice ? ` ${advice} ` : " ",
      el("code", { className: "error-code", textContent: error.code }),
      " ",
      el("a", { href: error.docs, textContent: "What it means" }),
    ),
  );
}

// An error is not to lie unseen below the edge, or under the log's bar.
function seen(element) {
  requestAnimationFrame(() => element.scrollIntoView({ block: "nearest" }));
  return element;
}

const sentence = (text) => text[0].toUpperCase() + text.slice(1) + (/[.!?]$/.test(text) ? "" : ".");

/** Says it at the top of the page. */
export function notice(problem) {
  const title = problem instanceof Problem ? problem.title : "Something in this page is broken";
  $("notice").append(el("p", { className: "notice" }, el("strong", { textContent: `${title}. ` }), problem.message));
}

/** Does a part of what the page begins with; without it, says why, and gives undefined. */
export async function begin(work) {
  try {
    return await work();
  } catch (error) {
    notice(error);
    return undefined;
  }
}
