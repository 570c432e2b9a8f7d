// The frames, as they cross the socket: each a line of the log, to be opened.

import { el } from "../dom.js";
import { addLine } from "../log.js";
import { shown } from "./mask.js";

const counts = { out: 0, in: 0 };

/** Adds a frame; gives what it is. */
export function addFrame({ way, text, number }) {
  counts[way] += 1;
  const frame = shown(text);
  const { type, kind, seq, text: body } = frame;
  const summary = el(
    "summary",
    {},
    el("span", { className: "way", textContent: way === "out" ? "→" : "←", title: way === "out" ? "sent" : "came" }),
    el("span", { className: "type", textContent: type }),
    el("span", { className: "kind", textContent: kind ?? "" }),
    el("span", { className: "seq", textContent: seq === undefined ? "" : seq, title: "event_seq" }),
  );
  const details = el("details", {}, summary);
  // The text is set out only for who looks.
  details.addEventListener("toggle", () => details.append(el("pre", {}, el("code", { textContent: body }))), {
    once: true,
  });
  const line = el("li", { className: "frame", data: { way, socket: number } }, details);
  addLine(line, `${counts.out} sent, ${counts.in} came`);
  return frame;
}

/** Adds a line about the socket itself. */
export function addMark(text) {
  addLine(el("li", { className: "mark", textContent: text }), text);
}
