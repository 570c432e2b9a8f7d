// Random choices that come back with their seed, and mutations of bytes.

import { Buffer } from "node:buffer";

const stumbles = [
  ...[
    '"',
    "\\",
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    ".",
    "..",
    "=",
    "-",
    "+",
    "e9999",
    "null",
    "true",
    "0",
    "-0",
    "1e400",
    "\0",
  ],
  ...["\\u0000", "\\ud800", "\\u0065", "\\u", "\ufeff", "é", "😀", " ", "\n", "//", '"exp":0,', '"exp":1,"exp":2,'],
  ...['"__proto__":{},', "99999999999999999999", '"crit":[],', '"aud":[],', '"cnf":{},', '"b64":true,', '"kid":"x",'],
];
const values = [
  "null",
  "0",
  "-1",
  "1.5",
  '""',
  '"api"',
  "[]",
  "{}",
  '["api"]',
  "true",
  "4000000000",
  '"none"',
  "1e300",
  '{"a":1}',
];

/** A source of random choices: SplitMix32, which needs no more than a seed. */
export function random(seed) {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x9e3779b9) >>> 0;
    let z = state;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return (z ^ (z >>> 15)) >>> 0;
  };
  const below = (bound) => next() % bound;
  const pick = (items) => items[below(items.length)];

  /** The bytes with some of them changed: flipped, cut, doubled, replaced by what parsers stumble over. */
  const mutate = (bytes) => {
    const at = below(bytes.length + 1);
    const end = Math.min(at + below(9), bytes.length);
    const splice = (from, to, insert) =>
      Buffer.concat([bytes.subarray(0, from), Buffer.from(insert), bytes.subarray(to)]);
    switch (below(9)) {
      case 0:
        return splice(at, Math.min(at + 1, bytes.length), [bytes[at] ^ (1 << below(8))]);
      case 1:
        return splice(at, Math.min(at + 1, bytes.length), [below(256)]);
      case 2:
        return splice(at, end, []);
      case 3:
        return splice(at, at, bytes.subarray(at, end));
      case 4:
        return bytes.subarray(0, at);
      case 5:
        return splice(at, at, pick(stumbles));
      case 6:
        return splice(at, end, pick(stumbles));
      case 7: {
        // Another value for some member.
        const colon = bytes.indexOf(":", at);
        if (colon < 0) return bytes;
        let stop = colon + 1;
        while (stop < bytes.length && bytes[stop] !== 0x2c && bytes[stop] !== 0x7d) stop += 1;
        return splice(colon + 1, stop, pick(values));
      }
      default:
        return splice(at, at, Buffer.alloc(below(1 << below(10)), pick(['[{"', "A", ".", "= ", "\\"])));
    }
  };
  return { next, below, pick, mutate };
}
