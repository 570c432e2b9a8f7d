// Mutations of the claims, signed anew.

import { Buffer } from "node:buffer";
import { json, respelled, signed, twice, withMember } from "./edits.mjs";
import { values } from "./values.mjs";

const claimNames = ["iss", "aud", "sub", "exp", "iat", "nbf", "jti", "scope", "scp", "client_id", "cnf", "act", "x"];

export const claims = {
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
