// What a verifier says of a provider that doesn't give its keys: where and with which status, and no secret out of a URL. And
// what of its documents is clumsy, and no reason to do without it.

import assert from "node:assert/strict";
import { test } from "node:test";
import { JwtVerifier } from "../../pkg/entry.node.js";
import { audience, clock, issuer, makeSigner, network } from "../conformance/sign.mjs";

const signer = await makeSigner();
const token = await signer.sign();
const openid = `${issuer}/.well-known/openid-configuration`;
const oauth = `${issuer}/.well-known/oauth-authorization-server`;
const keysAt = `${issuer}/keys?apikey=SECRET`;

const verifierOf = (documents, more = {}, options = {}) => {
  const fetch = options.fetch ?? network(documents).fetch;
  const providers = { p: { issuer, audience, ...more } };
  return JwtVerifier.create({ providers, now: clock, ...options, fetch });
};
const refusalOf = async (...args) => {
  const verifier = await verifierOf(...args);
  const events = [];
  const error = await verifier.verify(token).then(
    () => assert.fail("let in"),
    (thrown) => thrown,
  );
  events.push(error.message, JSON.stringify(error.details));
  assert.ok(!events.join().includes("SECRET"), events.join());
  assert.equal(error.code, "ERR_JWKS_UNAVAILABLE", error.message);
  return error;
};
const status = (number) => () => new Response("", { status: number });

test("no secret of a URL is told; place and status are", async () => {
  const document = { issuer, jwks_uri: keysAt };
  const discoveryUrl = `${issuer}/d?apikey=SECRET`;
  const shown = `${issuer}/keys`;
  for (const [documents, more, url, number] of [
    [{ [keysAt]: status(500) }, { jwksUri: keysAt }, shown, 500],
    [{}, { jwksUri: keysAt }, shown, 404],
    [{ [keysAt]: () => new Response("<html>") }, { jwksUri: keysAt }, shown, 200],
    [{ [keysAt]: { keys: [] } }, { jwksUri: keysAt }, shown, 200],
    [{ [openid]: document, [keysAt]: status(503) }, {}, shown, 503],
    [{ [discoveryUrl]: status(403) }, { discoveryUrl }, `${issuer}/d`, 403],
    [{ [discoveryUrl]: document, [keysAt]: status(302) }, { discoveryUrl }, shown, undefined],
  ]) {
    const { details, message } = await refusalOf(documents, more);
    assert.deepEqual([details.url, details.status], [url, number], message);
    assert.ok(message.includes(url), message);
  }
  const fetch = () => Promise.reject(new TypeError("fetch failed"));
  const { details } = await refusalOf({}, { jwksUri: keysAt }, { fetch });
  assert.deepEqual([details.url, "status" in details], [`${issuer}/keys`, false]);
});

test("of two places the one that is ill is told, and not that the other has nothing", async () => {
  for (const [first, second, url, number] of [
    [503, 404, openid, 503],
    [404, 503, oauth, 503],
    [404, 404, oauth, 404],
    [429, 404, openid, 429],
    [200, 404, openid, 200],
    [200, 503, oauth, 503],
    [503, 500, oauth, 500],
  ]) {
    const { details, message } = await refusalOf({ [openid]: status(first), [oauth]: status(second) });
    assert.deepEqual([details.url, details.status], [url, number], message);
    for (const one of [first, second]) if (one !== 200) assert.ok(message.includes(`${one}`), message);
  }
});

test("a number of any size, Latin-1 and empty members in a provider's documents change nothing", async () => {
  const bytes = (text) => () => new Response(Uint8Array.from(text, (character) => character.charCodeAt(0)));
  const noise = '"a":1e999,"b":[-1E+400],"c":"caf\u00e9","e0":1,"e0":2';
  const key = JSON.stringify({ ...signer.jwk, key_ops: null, issuer: "", x5c: [] }).slice(0, -1);
  const verifier = await verifierOf({
    [openid]: bytes(`{${noise},"issuer":"${issuer}","jwks_uri":"${issuer}/keys"}`),
    [`${issuer}/keys`]: bytes(`{${noise},"keys":[${key},${noise}}]}`),
  });
  assert.equal((await verifier.verify(token)).principal.id, "user-1");
});

test("a fetch that looks at no signal is waited for no longer than timeoutMs, by those who wait with it too", async () => {
  const never = new Promise(() => {});
  const hangs = {
    fetch: () => never,
    body: async () => new Response(new ReadableStream({ pull: () => never })),
    text: async () => ({
      status: 200,
      ok: true,
      headers: new Headers(),
      body: { getReader: () => ({ read: () => never }) },
    }),
  };
  for (const [name, fetch] of Object.entries(hangs)) {
    const verifier = await verifierOf({}, { jwksUri: keysAt }, { fetch, jwksCache: { timeoutMs: 50 } });
    for (const answer of await Promise.allSettled([1, 2, 3].map(() => verifier.verify(token)))) {
      assert.equal(answer.reason?.code, "ERR_JWKS_UNAVAILABLE", name);
      assert.match(answer.reason.message, /did not answer in time/, name);
    }
  }
});

test("an Entra token of the first version, and keys that name the issuer of the second", async () => {
  const tenant = "72f988bf-86f1-41af-91ab-2d7cd011db47";
  const first = `https://sts.windows.net/${tenant}/`;
  const of = (keyIssuer) => ({ keys: [{ ...signer.jwk, issuer: keyIssuer }] });
  const mine = await signer.sign({ iss: first, tid: tenant });
  const verify = async (keyIssuer, more = {}) => {
    const providers = { p: { issuer: first, audience, jwks: of(keyIssuer), ...more } };
    return (await JwtVerifier.create({ providers, now: clock })).verify(mine);
  };
  await verify("https://login.microsoftonline.com/{tenantid}/v2.0");
  await verify(`https://login.microsoftonline.com/${tenant}/v2.0`);
  await verify("https://login.microsoftonline.com/{tenantid}/v2.0", {
    issuer: "https://sts.windows.net/{tenantid}/",
    tenants: [tenant.toUpperCase()],
  });
  for (const nothing of ["", null, undefined]) await verify(nothing);
  const other = "https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0";
  await assert.rejects(verify(other), ({ code, message }) => {
    assert.equal(code, "ERR_KEY_NOT_FOUND");
    for (const part of [first, other, "`issuer`", "`jwks`"]) assert.ok(message.includes(part), message);
    return true;
  });
});
