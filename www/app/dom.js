// Making and filling elements. Text goes in as text: nothing here is ever parsed as HTML.

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

/** The chip in a card's corner: its kind gives the colour, also to the drawing at the top. */
export function chip(target, kind, text) {
  target.dataset.kind = target.closest(".card").dataset.kind = kind;
  target.textContent = text;
}

/** Runs a button's work: pressed once at a time, and said to be busy only when it takes a while. */
export async function busy(button, work) {
  if (button.getAttribute("aria-busy") === "true") return;
  button.setAttribute("aria-busy", "true");
  try {
    await work();
  } finally {
    button.removeAttribute("aria-busy");
  }
}
