// What went wrong, for a person.

import { $, el } from "./dom.js";

/** `title` says what is wrong, the message what to do. */
export class Problem extends Error {
  constructor(title, advice) {
    super(advice);
    this.title = title;
  }
}

/** Says it at the top of the page. */
export function notice(problem) {
  const known = problem instanceof Problem;
  $("notice").append(
    el(
      "p",
      { className: "notice" },
      el("strong", { textContent: known ? `${problem.title}. ` : "Something in this page is broken. " }),
      problem.message,
    ),
  );
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
