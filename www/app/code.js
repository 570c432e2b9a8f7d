// The code behind each step: with this playground's own addresses in it, in its colours, to be copied.

import { $, el, fill } from "./dom.js";

const tokens = /(\/\/.*)|("(?:[^"\\]|\\.)*"|`[^`]*`)|\b(import|from|const|new|await|for|of)\b/g;
const names = ["comment", "string", "keyword"];
const unseen = (text) => el("span", { className: "unseen", textContent: text });

// What scrolls must be reached by keyboard; what doesn't is no stop on the way.
const observer = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    if (target.scrollWidth > target.clientWidth) target.tabIndex = 0;
    else target.removeAttribute("tabindex");
  }
});

for (const figure of document.querySelectorAll("figure.code")) {
  const code = figure.querySelector("code");
  observer.observe(figure.querySelector("pre"));
  draw(code, code.textContent);
  const step = figure.closest(".step").querySelector(".fold").textContent;
  const caption = figure.querySelector("figcaption").textContent.replace("The", "the").replace(" behind it", "");
  const button = el("button", { type: "button", className: "small" }, "Copy", unseen(` ${caption}: ${step}`));
  onCopy(button, () => code.textContent, "The code is copied.");
  figure.querySelector("figcaption").append(button);
}

/** Puts the addresses of this playground in the place of those that the page was written with. */
export function fillCode({ issuer, clients: [client] = [] }) {
  const written = [
    ["http://127.0.0.1:9000", issuer],
    ["ws://127.0.0.1:8787", location.origin.replace("http", "ws")],
    ["http://127.0.0.1:8787", location.origin],
    ['"demo-secret"', JSON.stringify(client?.secret ?? "…")],
  ];
  for (const code of document.querySelectorAll("figure.code code"))
    draw(
      code,
      written.reduce((text, [before, after]) => text.replaceAll(before, after), code.textContent),
    );
}

/** Has a button copy a text, and say so to eyes and ears. */
export function onCopy(button, textOf, words) {
  const label = button.firstChild;
  const before = label.textContent;
  button.addEventListener("click", async () => {
    const isCopied = await navigator.clipboard.writeText(textOf()).then(
      () => true,
      () => false,
    );
    label.textContent = isCopied ? "Copied" : "Not copied";
    $("spoken").textContent = isCopied ? words : "The browser does not let this page copy.";
    setTimeout(() => {
      label.textContent = before;
      $("spoken").textContent = "";
    }, 1500);
  });
}

function draw(code, text) {
  const out = [];
  let at = 0;
  for (const match of text.matchAll(tokens)) {
    out.push(text.slice(at, match.index));
    const className = names[match.slice(1).findIndex((part) => part !== undefined)];
    out.push(el("span", { className, textContent: match[0] }));
    at = match.index + match[0].length;
  }
  fill(code, ...out, text.slice(at));
}
