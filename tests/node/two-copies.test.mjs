// Two copies of the package in one program, as where a library has one of its own: what one throws the other knows for what it is.

import assert from "node:assert/strict";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { pathToFileURL } from "node:url";
import * as ours from "../../pkg/entry.node.js";
import { createWorker } from "../../pkg/worker.node.js";
import { root } from "../../scripts/setup/cache.mjs";

const copy = mkdtempSync(join(tmpdir(), "arcgate-copy-"));
after(() => rmSync(copy, { recursive: true, force: true }));
cpSync(join(root, "pkg"), copy, { recursive: true });
const theirs = await import(pathToFileURL(join(copy, "entry.node.js")).href);

await ours.ready();
const providers = { main: { issuer: "https://issuer.example", audience: "api" } };
const verifier = await theirs.JwtVerifier.create({ providers });
const request = (token = "x.y.z", url = "https://api.example/") =>
  new Request(url, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: "{}",
  });
const thrown = await verifier.verify("x.y.z").then(assert.fail, (error) => error);

test("an error of another copy is an ArcgateError", () => {
  assert.notEqual(theirs.ArcgateError, ours.ArcgateError);
  assert.equal(thrown.constructor, theirs.ArcgateError);
  assert.ok(thrown instanceof ours.ArcgateError);
  assert.ok(thrown instanceof theirs.ArcgateError);
  const response = ours.errorResponse(thrown);
  assert.equal(response.status, 401);
  assert.match(response.headers.get("www-authenticate"), /error="invalid_token"/);
});

test("a verifier of another copy refuses as one of our own does", async () => {
  const asked = [verifier, await ours.FirstOf.create([await ours.StaticBearerVerifier.create({ t: "t" }), verifier])];
  for (const each of asked) {
    const error = await ours.authenticateRequest(request(), each).then(assert.fail, (reason) => reason);
    assert.equal(error.code, "ERR_TOKEN_MALFORMED");
    assert.equal(ours.errorResponse(error).status, 401);
  }
});

test("a verifier of another copy in a Worker: 401, and nothing of a verifier that failed", async () => {
  const app = createWorker({
    verifier,
    allowedHosts: ["api.example"],
    arc: {},
    agents: { echo: async (input) => input },
  });
  const response = await app.fetch(request("x.y.z", "https://api.example/arc"), {}, { waitUntil() {} });
  assert.equal(response.status, 401);
});

test("what has only the name, or is of a class made of ours, is told apart", () => {
  class Own extends ours.ArcgateError {}
  const own = new Own("ERR_CONFIG", "mine");
  assert.ok(own instanceof Own && own instanceof ours.ArcgateError && own instanceof theirs.ArcgateError);
  assert.ok(!(thrown instanceof Own));
  const alike = Object.assign(new Error("mine"), { name: "ArcgateError", code: "ERR_TOKEN_EXPIRED", retryable: false });
  for (const other of [alike, null, undefined, "ERR_CONFIG", () => {}])
    assert.ok(!(other instanceof ours.ArcgateError));
  assert.equal(ours.errorResponse(alike).status, 500);
});
