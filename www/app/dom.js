// Making, filling and moving between elements. Text goes in as text: nothing here is ever parsed as HTML.

export const $ = (id) => document.getElementById(id);

/** An element with properties (`data` and `aria` as records) and children. */
export function el(tag, { data = {}, aria = {}, ...properties } = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  Object.assign(element.dataset, data);
  for (const [name, value] of Object.entries(aria)) element.setAttribute(`aria-${name}`, value);
  element.append(...children);
  return element;
}

export function fill(target, ...children) {
  target.replaceChildren(...children);
}

/** The chip in a step's head: its kind gives the colour, to the drawing at the top as well. */
export function chip(target, kind, text) {
  target.dataset.kind = kind;
  if (target.parentElement.matches(".step")) target.parentElement.dataset.kind = kind;
  target.textContent = text;
}

/** Runs a button's work: pressed once at a time, and said to be busy meanwhile. */
export async function busy(button, work) {
  if (button.matches('[aria-busy="true"], [aria-disabled="true"]')) return;
  button.setAttribute("aria-busy", "true");
  try {
    await work();
  } finally {
    button.removeAttribute("aria-busy");
  }
}

/** Shows an element or hides it. Focus that was within goes on to `next`, never to nowhere. */
export function show(element, isShown, next) {
  const hadFocus = element.contains(document.activeElement);
  element.hidden = !isShown;
  if (!isShown && hadFocus) next?.focus();
}

/** Whether a button does something. It keeps the focus when it doesn't, which `disabled` would take from it. */
export function allow(button, isAllowed) {
  button.disabled = false;
  if (isAllowed) button.removeAttribute("aria-disabled");
  else button.setAttribute("aria-disabled", "true");
}

/** Names with their values. */
export function list(pairs) {
  return el(
    "dl",
    {},
    ...pairs.map(([name, values]) =>
      el("div", { data: { field: name } }, el("dt", { textContent: name }), el("dd", {}, ...values)),
    ),
  );
}
