// Mutations of the header, signed anew.

import { Buffer } from "node:buffer";
import { json, respelled, signed, twice, withMember } from "./edits.mjs";
import { LONG, values } from "./values.mjs";

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

export const header = {
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
};
