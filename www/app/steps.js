// The steps fold: a button in each heading shows and hides what is below it.

import { $ } from "./dom.js";

const foldOf = (id) => $(id).querySelector(".fold");

for (const fold of document.querySelectorAll(".fold"))
  fold.addEventListener("click", () => set(fold, fold.getAttribute("aria-expanded") !== "true"));

function set(fold, isOpen) {
  fold.setAttribute("aria-expanded", isOpen);
  $(fold.getAttribute("aria-controls")).hidden = !isOpen;
}

/** Unfolds a step that has come to be of use. Where the reader is, nothing moves: what unfolds is further down. */
export function unfold(id) {
  set(foldOf(id), true);
}

/** Unfolds a step, and takes the reader there. */
export function goTo(id) {
  unfold(id);
  foldOf(id).focus();
}
