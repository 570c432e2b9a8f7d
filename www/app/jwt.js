// A token as a person reads it. Nothing is verified here: that is the package's work.

const decoder = new TextDecoder();

export function toBytes(base64url) {
  const text = atob(base64url.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

export function fromBytes(bytes) {
  const text = Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

export const fromJson = (value) => fromBytes(new TextEncoder().encode(JSON.stringify(value)));
export const toJson = (base64url) => JSON.parse(decoder.decode(toBytes(base64url)));

/** Header, claims, and the three parts as they are written. */
export function decode(token) {
  const parts = token.split(".");
  return { parts, header: toJson(parts[0]), claims: toJson(parts[1]) };
}

/** Enough to tell two tokens apart, too little to use one. */
export function mask(token) {
  return `${token.slice(0, 6)}…${token.slice(-4)}`;
}

/** Any text with the tokens in it masked. */
export function masked(text) {
  return text.replace(/eyJ[\w-]+\.[\w-]+\.[\w-]*/g, mask);
}

/** An instant as seen from now: "in 4 min 52 s", "8 s ago". */
export function fromNow(instantSec, nowMs = Date.now()) {
  const difference = instantSec - Math.floor(nowMs / 1000);
  if (difference === 0) return "now";
  const text = duration(Math.abs(difference));
  return difference > 0 ? `in ${text}` : `${text} ago`;
}

function duration(seconds) {
  const units = [
    [86400, "d"],
    [3600, "h"],
    [60, "min"],
    [1, "s"],
  ];
  const words = [];
  let rest = seconds;
  for (const [size, name] of units) {
    const count = Math.floor(rest / size);
    rest %= size;
    if (count > 0 || (words.length > 0 && size === 1)) words.push(`${count} ${name}`);
    if (words.length === 2) break;
  }
  return words.join(" ");
}

const clock = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "medium" });

/** An instant on the calendar, in the reader's own time zone. */
export const onCalendar = (instantSec) => clock.format(instantSec * 1000);

/** Milliseconds with as many digits as mean something. */
export function ms(value) {
  if (value < 0.1) return `${value.toFixed(3)} ms`;
  if (value < 10) return `${value.toFixed(2)} ms`;
  return value < 10_000 ? `${Math.round(value)} ms` : `${(value / 1000).toFixed(1)} s`;
}
