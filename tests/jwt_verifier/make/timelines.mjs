// What the timelines are played with: three keys, tokens of each that outlive every timeline, and names that nobody has.

import { makeKey } from "../../attacks/kit.mjs";
import { claims, issuer, jws, NOW } from "./kit.mjs";

export function timelines() {
  const keys = ["1", "2", "3"].map((kid) => makeKey("ES256", kid));
  const namesake = makeKey("ES256", "1");
  const lasting = (sub) => claims({ sub, exp: NOW + 40 * 86_400 });
  const many = (key, count, word) => Array.from({ length: count }, (_, index) => jws(key, lasting(`${word} ${index}`)));
  return {
    now: NOW,
    issuer,
    keys: Object.fromEntries([...keys, { ...namesake, kid: "namesake" }].map(({ kid, jwk }) => [kid, jwk])),
    tokens: Object.fromEntries(keys.map((key) => [key.kid, many(key, 40, `of key ${key.kid}:`)])),
    unknown: Array.from({ length: 60 }, (_, index) => jws({ ...keys[2], kid: `unknown ${index}` }, lasting("nobody"))),
  };
}
