// The known attacks on JWT verifiers, on the package as it is installed: one token in one place, and what a stranger is told.
// Each test's name begins with the class of tests/attacks/README.md; what needs no platform is attacked there.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { authenticateRequest, errorResponse } from "../../pkg/entry.node.js";
import { claims, jws, refused } from "../attacks/kit.mjs";
import { evil, local, remote, rsa, testThatNothingWasShown } from "../attacks/verifiers.mjs";

test("attack 20: a bad signature is all that is said", async () => {
  const seen = [];
  const verifier = await local(
    { onEvent: (event) => seen.push(event) },
    { requiredScopes: ["arc"], requiredClaims: { client_id: "me" } },
  );
  const messages = new Set();
  for (const more of [
    { scope: "arc", client_id: "me" },
    { exp: 1 },
    { exp: "x" },
    { exp: undefined },
    { nbf: 9_999_999_999 },
    { aud: "other" },
    { sub: undefined },
    { cnf: { jkt: "x" } },
    { scope: "other", client_id: "me" },
    { scope: "arc", client_id: "you" },
  ]) {
    const token = jws(evil, claims(more));
    const error = await refused(verifier.verify(token), "ERR_TOKEN_SIGNATURE", { token });
    messages.add(JSON.stringify([error.message, error.details, error.retryable]));
  }
  assert.equal(messages.size, 1, [...messages].join("\n"));
  assert.equal(new Set(seen.map(({ type, code, reason }) => `${type} ${code} ${reason}`)).size, 1);
  // And what the client of a request is told is the same for every refused token.
  const bodies = new Set();
  for (const token of [
    jws(evil, claims()),
    jws(rsa, claims({ aud: "x" })),
    jws(rsa, claims({ iss: "x" })),
    "x",
    "x.y.z",
  ]) {
    const request = new Request("https://api.example/", { headers: { authorization: `Bearer ${token}` } });
    const response = errorResponse(await refused(authenticateRequest(request, verifier), codes, { token }));
    bodies.add(`${response.status} ${await response.text()}`);
  }
  assert.equal(bodies.size, 1, [...bodies].join("\n"));
});

const codes = [
  "ERR_TOKEN_SIGNATURE",
  "ERR_TOKEN_AUDIENCE",
  "ERR_TOKEN_ISSUER",
  "ERR_TOKEN_MALFORMED",
  "ERR_TOKEN_CLAIM",
];

describe("attack 22: one token, in one place", () => {
  const request = (authorization, url = "https://api.example/arc") =>
    new Request(url, { headers: [].concat(authorization ?? []).map((value) => ["authorization", value]) });

  test("attack 22: two headers, two spaces, tabs, other forms: 400 and no token looked at", async () => {
    const { verifier, fetched } = await remote();
    const token = jws(rsa, claims());
    for (const authorization of [
      [`Bearer ${token}`, `Bearer ${token}`],
      [`Bearer ${token}`, "Basic eDp5"],
      `Bearer  ${token}`,
      `Bearer\t${token}`,
      `Bearer ${token}\t${token}`,
      `Bearer ${token} ${token}`,
      `Bearer ${token}, Bearer ${token}`,
      `Bearer ${token},${token}`,
      "Bearer",
      `Bearer "${token}"`,
      `Bearer token=${token};`,
      `Bearer:${token}`,
      "Bearer é",
    ]) {
      const error = await refused(() => authenticateRequest(request(authorization), verifier), "ERR_INVALID_REQUEST", {
        token,
        fetched,
        fetches: 0,
      });
      assert.equal(errorResponse(error).status, 400);
    }
  });

  test("attack 22: a token in the URL, alone or beside a good header", async () => {
    const { verifier, fetched } = await remote();
    const token = jws(rsa, claims());
    for (const query of [
      `access_token=${token}`,
      `x=1&access_token=${token}`,
      `access%5ftoken=${token}`,
      "access_token=",
    ]) {
      for (const authorization of [undefined, `Bearer ${token}`]) {
        const error = await refused(
          () => authenticateRequest(request(authorization, `https://api.example/arc?${query}`), verifier),
          "ERR_INVALID_REQUEST",
          {
            token,
            fetched,
            fetches: 0,
          },
        );
        assert.equal(errorResponse(error).status, 400);
      }
    }
  });

  test("attack 22: no token, another scheme: 401", async () => {
    const { verifier, fetched } = await remote();
    for (const authorization of [undefined, "Basic eDp5", "Negotiate abc"]) {
      const error = await refused(() => authenticateRequest(request(authorization), verifier), "ERR_UNAUTHENTICATED", {
        fetched,
        fetches: 0,
      });
      const response = errorResponse(error);
      assert.equal(response.status, 401);
      assert.match(response.headers.get("www-authenticate"), /^Bearer/);
    }
    for (const scheme of ["Bearer", "bearer", "BEARER"]) {
      assert.equal((await authenticateRequest(request(`${scheme} ${jws(rsa, claims())}`), verifier)).id, "alice");
    }
  });
});

testThatNothingWasShown({ refusals: 35, events: 4 });
