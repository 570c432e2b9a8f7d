// The frames, as they cross the socket: each a line, to be opened.

import { $, el, fill } from "../dom.js";
import { shown } from "./mask.js";

const list = $("frames");
// Old lines go, so that a long job doesn't make the page slow.
const most = 600;
let counts = { out: 0, in: 0 };

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
  add(el("li", { data: { way, socket: number % 4, family: type.split(".")[0] } }, details));
  return frame;
}

/** Adds a line about the socket itself. */
export function addMark(text) {
  add(el("li", { className: "mark", textContent: text }));
}

function add(line) {
  const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 40;
  list.append(line);
  while (list.childElementCount > most) list.firstElementChild.remove();
  if (atEnd) list.scrollTop = list.scrollHeight;
  $("frames-empty").hidden = true;
  $("frames-clear").disabled = false;
  say();
}

function say() {
  $("frame-counts").textContent = `${counts.out} sent, ${counts.in} came`;
}

$("frames-clear").addEventListener("click", () => {
  fill(list);
  counts = { out: 0, in: 0 };
  $("frames-empty").hidden = false;
  $("frames-clear").disabled = true;
  $("frame-counts").textContent = "";
});
