// Mutations of tokens, by what they change. Each gives a token's text, signed anew where its parts were changed on purpose.

import { claims } from "./claims.mjs";
import { json, signed } from "./edits.mjs";
import { header } from "./header.mjs";
import { spelling } from "./spelling.mjs";

/** The mutations, by name. Each is `(token, tools) => text`; `token` is `{ key, header, payload, text }` with parsed parts. */
export const mutations = {
  // Nothing, so that acceptance is compared too.
  none: ({ text }) => text,
  resigned: ({ key, header, payload }) => signed(key, json(header), json(payload)),
  ...spelling,
  signatureOfAnotherKey: ({ header, payload }, { other }) => signed(other.key, json(header), json(payload)),
  ...header,
  ...claims,
};

/** Those of them that need no new signature: for keys that sign slowly. */
export const withoutSigning = ["none", ...Object.keys(spelling)];
