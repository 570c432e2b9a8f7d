// Mutations of tokens, by what they change. Each gives a token's text, signed anew where its parts were changed on purpose.

import { Buffer } from "node:buffer";
import { base64url, signature } from "../attacks/kit.mjs";

const LONG = "x".repeat(300);

/** Signs header and payload, which are texts or bytes. */
function signed(key, header, payload) {
  const input = `${base64url(header)}.${base64url(payload)}`;
  return `${input}.${base64url(signature(key, Buffer.from(input)))}`;
}

// Other values for a claim or a header parameter, as JSON.
const values = [
  ...[
    "null",
    "true",
    "false",
    "0",
    "-0",
    "1",
    "-1",
    "1.5",
    "1e3",
    "1E+3",
    "1e400",
    "-1e400",
    "1e-400",
    "9007199254740993",
  ],
  ...[
    "18446744073709551616",
    "253402300799",
    "253402300800",
    '""',
    '" "',
    '"x"',
    '"0"',
    '"\\u0000"',
    '"\\ud800"',
    '"\\ud83d\\ude00"',
  ],
  ...[
    "[]",
    "[0]",
    '["x"]',
    "[null]",
    "[[]]",
    "{}",
    '{"x":1}',
    `"${LONG}"`,
    `"${LONG.repeat(4)}"`,
    "01",
    "+1",
    ".5",
    "NaN",
    "'x'",
  ],
];
const claimNames = ["iss", "aud", "sub", "exp", "iat", "nbf", "jti", "scope", "scp", "client_id", "cnf", "act", "x"];
const headerNames = [
  "alg",
  "kid",
  "typ",
  "cty",
  "crit",
  "b64",
  "jwk",
  "jku",
  "x5u",
  "x5c",
  "x5t",
  "zip",
  "enc",
  "epk",
  "x",
];

/** The mutations, by name. Each is `(token, tools) => text`; `token` is `{ key, header, payload, text }` with parsed parts. */
export const mutations = {
  // ---- nothing, so that acceptance is compared too
  none: ({ text }) => text,
  resigned: ({ key, header, payload }) => signed(key, json(header), json(payload)),

  // ---- the text of a good token
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

  // ---- the signature
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
  signatureOfAnotherKey: ({ header, payload }, { other }) => signed(other.key, json(header), json(payload)),

  // ---- the header, signed anew
  headerValue: ({ key, header, payload }, { pick }) =>
    signed(key, withMember(header, pick(headerNames), pick(values)), json(payload)),
  headerAlg: ({ key, header, payload }, { pick }) =>
    signed(
      key,
      json({
        ...header,
        alg: pick([
          "none",
          "None",
          "HS256",
          "HS384",
          "RS256",
          "ES256",
          "EdDSA",
          "Ed25519",
          "ES256K",
          "rs256",
          "",
          key.alg,
        ]),
      }),
      json(payload),
    ),
  headerTyp: ({ key, header, payload }, { pick }) =>
    signed(
      key,
      json({
        ...header,
        typ: pick([
          "JWT",
          "jwt",
          "at+jwt",
          "application/at+jwt",
          "AT+JWT",
          "dpop+jwt",
          "logout+jwt",
          "JOSE",
          "",
          "id_token",
        ]),
      }),
      json(payload),
    ),
  headerKid: ({ key, header, payload }, { pick }) =>
    signed(
      key,
      json({ ...header, kid: pick([undefined, "", "other", "__proto__", LONG, key.kid, `${key.kid} `]) }),
      json(payload),
    ),
  headerCrit: ({ key, header, payload }, { pick }) =>
    signed(
      key,
      json({
        ...header,
        ...pick([
          { crit: ["x"], x: 1 },
          { crit: [] },
          { crit: ["b64"], b64: true },
          { crit: ["b64"], b64: false },
          { crit: ["exp"], exp: 1 },
          { b64: true },
          { b64: false },
        ]),
      }),
      json(payload),
    ),
  headerDuplicate: ({ key, header, payload }, { pick }) =>
    signed(
      key,
      twice(json(header), pick(["alg", "kid", "x", "\\u0061lg"]), pick([json(key.alg), '"none"', "1"])),
      json(payload),
    ),
  headerJson: ({ key, header, payload }, tools) => signed(key, respelled(json(header), tools), json(payload)),
  headerBytes: ({ key, header, payload }, { mutate }) => signed(key, mutate(Buffer.from(json(header))), json(payload)),

  // ---- the claims, signed anew
  claimValue: ({ key, header, payload }, { pick }) =>
    signed(key, json(header), withMember(payload, pick(claimNames), pick(values))),
  claimMissing: ({ key, header, payload }, { pick }) =>
    signed(key, json(header), json({ ...payload, [pick(claimNames)]: undefined })),
  claimTimes: ({ key, header, payload }, { pick, now }) =>
    signed(
      key,
      json(header),
      json({
        ...payload,
        [pick(["exp", "iat", "nbf"])]:
          now + pick([-31, -30, -29.5, -29, -1, 0, 1, 29, 29.5, 30, 30.5, 31, 60, 1e6, 1e9, 1e12, -now, -now - 1]),
      }),
    ),
  claimIssuer: ({ key, header, payload }, { pick }) =>
    signed(
      key,
      json(header),
      json({
        ...payload,
        iss: pick([
          `${payload.iss}/`,
          payload.iss.toUpperCase(),
          [payload.iss],
          ` ${payload.iss}`,
          { [payload.iss]: 1 },
          payload.iss,
        ]),
      }),
    ),
  claimAudience: ({ key, header, payload }, { pick }) => {
    const { aud } = payload;
    return signed(
      key,
      json(header),
      json({
        ...payload,
        aud: pick([
          [aud],
          ["x", aud],
          [],
          ["x"],
          [aud, 7],
          [aud, null],
          [[aud]],
          aud.toUpperCase(),
          `${aud} `,
          { [aud]: 1 },
          aud,
        ]),
      }),
    );
  },
  claimDuplicate: ({ key, header, payload }, { pick, now }) =>
    signed(
      key,
      json(header),
      twice(
        json(payload),
        pick(["exp", "\\u0065xp", "sub", "x", "aud", "__proto__"]),
        pick([String(now + 60), '"alice"', "null"]),
      ),
    ),
  claimJson: ({ key, header, payload }, tools) => signed(key, json(header), respelled(json(payload), tools)),
  claimBytes: ({ key, header, payload }, { mutate, below }) => {
    let bytes = Buffer.from(json(payload));
    for (let times = below(3); times >= 0; times -= 1) bytes = mutate(bytes);
    return signed(key, json(header), bytes);
  },
  claimNesting: ({ key, header, payload }, { pick }) => {
    const depth = pick([1, 10, 30, 31, 32, 33, 100, 1000]);
    return signed(key, json(header), withMember(payload, "x", `${"[".repeat(depth)}${"]".repeat(depth)}`));
  },
  claimSize: ({ key, header, payload }, { pick }) =>
    signed(key, json(header), json({ ...payload, x: "x".repeat(pick([10, 1_000, 11_000, 12_000, 13_000, 20_000])) })),
  claimsOfAnotherKind: ({ key, header }, { pick }) =>
    signed(key, json(header), pick(["", "null", "[]", '"x"', "0", "{}", "[{}]", "\ufeff{}"])),
};

/** Those of them that need no new signature: for keys that sign slowly. */
export const withoutSigning = [
  "none",
  ...Object.keys(mutations).slice(2, Object.keys(mutations).indexOf("signatureOfAnotherKey")),
];

const json = (value) => JSON.stringify(value);

// The object as JSON, with one member's value given as text.
function withMember(object, name, text) {
  const marker = "@value@";
  return json({ ...object, [name]: marker }).replace(`"${marker}"`, () => text);
}

// A member that stands twice, before or behind the others.
function twice(text, name, value) {
  return `${text.slice(0, -1)},"${name}":${value}}`;
}

// The same JSON, or nearly, in other words.
function respelled(text, { pick, below }) {
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

const insert = (text, at, what) => text.slice(0, at) + what + text.slice(at);
const replace = (text, at, what) => text.slice(0, at) + what + text.slice(at + 1);

function inSegment(text, place, change) {
  const segments = text.split(".");
  segments[place] = change(segments[place]);
  return segments.join(".");
}

function withSignature(text, change) {
  const dot = text.lastIndexOf(".");
  return `${text.slice(0, dot)}.${base64url(change(Buffer.from(text.slice(dot + 1), "base64url")))}`;
}

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const nextCharacter = (character, by) => alphabet[(alphabet.indexOf(character) + by) % 64];
