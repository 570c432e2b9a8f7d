// The known attacks on JWT verifiers, on the package as it is installed: headers and claims, well signed.
// Each test's name begins with the class of tests/attacks/README.md; what needs no platform is attacked there.

import { Buffer } from "node:buffer";
import { test } from "node:test";
import { verifyJws } from "../../pkg/entry.node.js";
import { base64url, claims, issuer, jws, refused, signature } from "../attacks/kit.mjs";
import { local, refusedAtOnce, remote, rsa, testThatNothingWasShown } from "../attacks/verifiers.mjs";

test("attack 08: critical extensions and b64, well signed", async () => {
  const { verifier, fetched } = await remote();
  for (const header of [
    { crit: ["x"], x: 1 },
    { crit: ["x"] },
    { crit: [] },
    { crit: ["exp"], exp: 1 },
    { crit: ["b64"], b64: false },
    { crit: ["b64"], b64: true },
    { crit: null },
    { crit: "b64" },
    { b64: false },
    { b64: true },
    { b64: null },
  ]) {
    const token = jws(rsa, claims(), header);
    await refusedAtOnce(verifier, fetched, token, "ERR_TOKEN_MALFORMED");
    await refused(verifyJws(token, rsa.jwk, { algorithms: ["RS256"] }), "ERR_TOKEN_MALFORMED", { token });
  }
  // RFC 7797: the payload unencoded, and signed so.
  const head = base64url({ alg: "RS256", kid: "rsa", b64: false, crit: ["b64"] });
  const input = `${head}.${JSON.stringify(claims())}`;
  const token = `${input}.${base64url(signature(rsa, Buffer.from(input)))}`;
  await refusedAtOnce(verifier, fetched, token, "ERR_TOKEN_MALFORMED");
});

test("attack 09: dates of another type or out of range, well signed", async () => {
  const verifier = await local();
  for (const name of ["exp", "nbf", "iat"]) {
    // What says nothing is absent, and `nbf` may be.
    const nothing = name === "nbf" ? [] : [null, "", []];
    for (const value of ["9999999999", true, [1], {}, -1, 1e300, Date.now() * 1000, ...nothing]) {
      const token = jws(rsa, claims({ [name]: value }));
      await refused(verifier.verify(token), "ERR_TOKEN_CLAIM", { token });
    }
    for (const value of ["1e400", "-1e400", "NaN", "Infinity"]) {
      const token = jws(rsa, JSON.stringify(claims({ [name]: 77 })).replace("77", value));
      await refused(verifier.verify(token), "ERR_TOKEN_MALFORMED", { token });
    }
  }
  await refused(verifier.verify(jws(rsa, claims({ exp: 0 }))), "ERR_TOKEN_EXPIRED");
  // Milliseconds instead of seconds are no date far away, but a mistake.
  await refused(verifier.verify(jws(rsa, claims({ exp: Date.now() + 60_000 }))), "ERR_TOKEN_CLAIM");
});

test("attack 09: a clock that gives no time lets nobody in", async () => {
  for (const time of [undefined, null, Number.NaN, Number.POSITIVE_INFINITY, "now", {}, new Date(), 1800000000000n]) {
    const verifier = await local({ now: () => time }, { optionalClaims: ["iat"] });
    // Long expired, but not yet in 1970.
    const token = jws(rsa, claims({ exp: 1_000_000_000, iat: undefined }));
    await refused(verifier.verify(token), "ERR_CONFIG", { token });
  }
});

test("attack 10: iss and aud as lists and objects, well signed", async () => {
  const { verifier, fetched } = await remote();
  for (const iss of [
    [issuer],
    ["https://evil.example", issuer],
    { [issuer]: 1 },
    null,
    0,
    `${issuer}/`,
    issuer.toUpperCase(),
    ` ${issuer}`,
  ]) {
    await refusedAtOnce(verifier, fetched, jws(rsa, claims({ iss })), "ERR_TOKEN_ISSUER");
  }
  for (const aud of [
    [],
    {},
    null,
    0,
    "",
    "API",
    "api ",
    "other api",
    ["other"],
    ["api", 7],
    [["api"]],
    { 0: "api", length: 1 },
  ]) {
    const token = jws(rsa, claims({ aud }));
    await refused(verifier.verify(token), "ERR_TOKEN_AUDIENCE", { token });
  }
});

test("attack 11: members that stand twice, well signed", async () => {
  const { verifier, fetched } = await remote();
  const text = JSON.stringify(claims({ exp: 1 })).slice(0, -1);
  const later = Math.floor(Date.now() / 1000) + 600;
  for (const payload of [
    `${text},"exp":${later}}`,
    `${text},"\\u0065xp":${later}}`,
    `{"\\u0065xp":${later},${text.slice(1)}}`,
    `${text},"x":{"a":1,"\\u0061":2}}`,
    `${text},"sub":"root"}`,
  ]) {
    await refusedAtOnce(verifier, fetched, jws(rsa, payload), "ERR_TOKEN_MALFORMED");
  }
  for (const header of [
    '{"alg":"RS256","kid":"rsa","kid":"other"}',
    '{"alg":"none","\\u0061lg":"RS256","kid":"rsa"}',
  ]) {
    const token = jws(rsa, claims(), header);
    await refusedAtOnce(verifier, fetched, token, "ERR_TOKEN_MALFORMED");
    await refused(verifyJws(token, rsa.jwk, { algorithms: ["RS256"] }), "ERR_TOKEN_MALFORMED", { token });
  }
});

test("attack 15: other kinds of token, well signed", async () => {
  const { verifier, fetched } = await remote();
  for (const typ of [
    "dpop+jwt",
    "logout+jwt",
    "secevent+jwt",
    "oauth-authz-req+jwt",
    "token-introspection+jwt",
    "id_token",
    "JOSE",
    "at+jwt ",
    "",
  ]) {
    await refusedAtOnce(verifier, fetched, jws(rsa, claims(), { typ }), "ERR_TOKEN_TYPE");
  }
  for (const typ of [null, 7, ["JWT"], {}]) {
    await refusedAtOnce(verifier, fetched, jws(rsa, claims(), { typ }), "ERR_TOKEN_MALFORMED");
  }
  const strict = await local({}, { typ: ["at+jwt"] });
  await strict.verify(jws(rsa, claims(), { typ: "application/at+jwt" }));
  await refused(strict.verify(jws(rsa, claims(), { typ: "JWT" })), "ERR_TOKEN_TYPE");
  await refused(strict.verify(jws(rsa, claims())), "ERR_TOKEN_TYPE");
  // A token that is bound to a key is no bearer token.
  await refused((await local()).verify(jws(rsa, claims({ cnf: { jkt: "x" } }))), "ERR_TOKEN_CLAIM");
});

test("attack 19: patterns are not options", async () => {
  await refused(local({}, { audience: /api/ }), "ERR_CONFIG");
  await refused(local({}, { audience: [/api/g] }), "ERR_CONFIG");
  await refused(local({}, { audience: () => true }), "ERR_CONFIG");
  await refused(local({}, { audience: undefined }), "ERR_CONFIG");
  await refused(local({}, { audience: [] }), "ERR_CONFIG");
  await refused(local({}, { audience: "" }), "ERR_CONFIG");
  await refused(local({}, { issuer: /one/ }), "ERR_CONFIG");
  await refused(local({}, { typ: [/jwt/] }), "ERR_CONFIG");
  await refused(local({}, { typ: /jwt/ }), "ERR_CONFIG");
  await refused(
    local({}, { requiredClaims: { client_id: /me/ } }).then((verifier) =>
      verifier.verify(jws(rsa, claims({ client_id: "me" }))),
    ),
    ["ERR_CONFIG", "ERR_TOKEN_CLAIM"],
  );
  await refused((await local({}, { audience: ".*" })).verify(jws(rsa, claims())), "ERR_TOKEN_AUDIENCE");
});

testThatNothingWasShown({ refusals: 120, events: 90 });
