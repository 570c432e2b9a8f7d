// What the mutations are made of: edits of a text, of a segment, of an object's JSON, and a signature over what came of it.

import { Buffer } from "node:buffer";
import { base64url, signature } from "../attacks/kit.mjs";

/** Signs header and payload, which are texts or bytes. */
export function signed(key, header, payload) {
  const input = `${base64url(header)}.${base64url(payload)}`;
  return `${input}.${base64url(signature(key, Buffer.from(input)))}`;
}

export const json = (value) => JSON.stringify(value);

// The object as JSON, with one member's value given as text.
export function withMember(object, name, text) {
  const marker = "@value@";
  return json({ ...object, [name]: marker }).replace(`"${marker}"`, () => text);
}

// A member that stands twice, before or behind the others.
export function twice(text, name, value) {
  return `${text.slice(0, -1)},"${name}":${value}}`;
}

// The same JSON, or nearly, in other words.
export function respelled(text, { pick, below }) {
  const escaped = (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  return pick([
    () => ` ${text}`,
    () => `${text} \n`,
    () => `${text}\0`,
    () => `${text}x`,
    () => `${text}${text}`,
    () => `\ufeff${text}`,
    () => text.replaceAll(":", " : "),
    () => text.replaceAll(",", ",\r\n\t"),
    () => text.replaceAll(",", ",\f"),
    () => text.replace("}", ",}"),
    () => text.replaceAll('"', "'"),
    () => `/**/${text}`,
    () => text.replace(/[a-z]/g, (letter) => (below(3) ? letter : escaped(letter))),
    () => text.replaceAll("/", "\\/"),
    () => text.replace('"', '"\\x'),
    () => text.replace('":"', '":"\u2028'),
    () => text.replace('":"', '":"\u0001'),
    () => text.replace('":"', '":"\u007f'),
    () =>
      Buffer.concat([
        Buffer.from(text.slice(0, -1)),
        Buffer.from(',"x":"'),
        Buffer.from([pick([0x80, 0xc0, 0xff, 0xed])]),
        Buffer.from('"}'),
      ]),
    () => `${text.slice(0, -1)},"x":"\\ud800"}`,
    () => `${text.slice(0, -1)},"x":"\\udc00\\ud800"}`,
    () => `${text.slice(0, -1)},"x":1e400}`,
    () => `${text.slice(0, -1)},"\\ud83d\\ude00":1,"é":2}`,
    () => `${text.slice(0, -1)},"__proto__":{"x":1}}`,
    () => `${text.slice(0, -1)},"constructor":1,"toString":2}`,
  ])();
}

export const insert = (text, at, what) => text.slice(0, at) + what + text.slice(at);
export const replace = (text, at, what) => text.slice(0, at) + what + text.slice(at + 1);

export function inSegment(text, place, change) {
  const segments = text.split(".");
  segments[place] = change(segments[place]);
  return segments.join(".");
}

export function withSignature(text, change) {
  const dot = text.lastIndexOf(".");
  return `${text.slice(0, dot)}.${base64url(change(Buffer.from(text.slice(dot + 1), "base64url")))}`;
}

export const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
export const nextCharacter = (character, by) => alphabet[(alphabet.indexOf(character) + by) % 64];
