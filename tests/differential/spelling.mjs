// Mutations of a good token's text and signature, which sign nothing.

import { Buffer } from "node:buffer";
import { inSegment, insert, nextCharacter, replace, withSignature } from "./edits.mjs";

export const spelling = {
  padding: ({ text }, { pick, below }) =>
    inSegment(text, below(3), (segment) => segment + pick(["=", "==", "===", "%3D"])),
  whitespace: ({ text }, { pick, below }) =>
    insert(text, below(text.length + 1), pick([" ", "\n", "\r\n", "\t", "\0", "\u00a0", "\ufeff"])),
  standardAlphabet: ({ text }) => text.replaceAll("-", "+").replaceAll("_", "/"),
  foreignCharacter: ({ text }, { pick, below }) =>
    replace(text, below(text.length), pick(["+", "/", "=", "*", "é", "😀", "\ud800", "\u017f", "~"])),
  spareBits: ({ text }, { below }) =>
    inSegment(text, below(3), (segment) => segment.slice(0, -1) + nextCharacter(segment.at(-1), 1 + below(3))),
  dots: ({ text }, { pick, below }) =>
    pick([`${text}.`, `.${text}`, text.replace(".", ".."), insert(text, below(text.length), ".")]),
  truncation: ({ text }, { below }) => text.slice(0, below(text.length)),
  cut: ({ text }, { below }) => text.slice(1 + below(20)),
  segmentsSwapped: ({ text }, { pick }) => {
    const [a, b, c] = text.split(".");
    return pick([
      `${b}.${a}.${c}`,
      `${a}.${c}.${b}`,
      `${c}.${b}.${a}`,
      `${a}.${b}`,
      `${a}.${b}.`,
      `${a}..${c}`,
      `.${b}.${c}`,
      `${a}.${b}.${c}.${c}.${c}`,
    ]);
  },
  segmentOfAnother: ({ text }, { below, other }) => {
    const [mine, its] = [text.split("."), other.text.split(".")];
    const place = below(3);
    mine[place] = its[place];
    return mine.join(".");
  },
  byteOfText: ({ text }, { below }) => replace(text, below(text.length), String.fromCharCode(below(128))),
  letterCase: ({ text }, { below }) => {
    const at = below(text.length);
    const letter = text[at];
    return replace(text, at, letter === letter.toLowerCase() ? letter.toUpperCase() : letter.toLowerCase());
  },

  signatureByte: ({ text }, { below }) =>
    withSignature(text, (bytes) => {
      bytes[below(bytes.length)] ^= 1 << below(8);
      return bytes;
    }),
  signatureLength: ({ text }, { pick, below }) =>
    withSignature(text, (bytes) =>
      pick([
        bytes.subarray(0, below(bytes.length)),
        bytes.subarray(1),
        Buffer.concat([bytes, Buffer.alloc(1 + below(9))]),
        Buffer.concat([Buffer.alloc(1), bytes]),
        Buffer.alloc(0),
      ]),
    ),
  signatureConstant: ({ text }, { pick }) =>
    withSignature(text, (bytes) => Buffer.alloc(bytes.length, pick([0, 1, 0xff]))),
};
