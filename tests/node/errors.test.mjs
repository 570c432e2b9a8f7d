// Errors say where to read about them, and there it is: docs/errors.md has each code, with what src/error/code.rs says of it.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { ArcgateError, errorResponse, JwtVerifier, ready, version } from "../../pkg/entry.node.js";
import { createWorker } from "../../pkg/worker.node.js";
import { root } from "../../scripts/setup/cache.mjs";

await ready();
const read = (file) => readFileSync(join(root, file), "utf8");
const core = [...read("src/error/code.rs").matchAll(/^ +\w+ = "(ERR_\w+)", (\w+), (true|false);$/gm)].map(
  ([, code, fault, retryable]) => ({ code, fault: fault.toLowerCase(), retryable: retryable === "true" }),
);
const sections = new Map(
  read("docs/errors.md")
    .split(/^### /m)
    .slice(1)
    .map((section) => [section.slice(0, section.indexOf("\n")), section.split(/^## /m)[0]]),
);
const documents = `${JSON.parse(read("pkg.json")).repository.url.replace(/^git\+|\.git$/g, "")}/blob/v${version}/docs/`;

test("docs/errors.md has the core's codes, no more and no less", () => {
  assert.ok(core.length > 25);
  assert.deepEqual([...sections.keys()].sort(), core.map(({ code }) => code).sort());
});

for (const { code, fault, retryable } of core) {
  test(`${code} is described as it is`, () => {
    const lines = sections.get(code).trim().split("\n").slice(1);
    assert.match(lines[0], /^[A-Z`].*\.$/, "what it means");
    const [, said, again, status] = /^- Fault: (\w+)\b.* Retry: (yes|no)\b.* Answer: (\d+)\b/.exec(lines[1]) ?? [];
    assert.deepEqual({ said, again }, { said: fault, again: retryable ? "yes" : "no" });
    assert.equal(errorResponse(new ArcgateError(code, "")).status, Number(status));
    assert.match(lines[2], /^- .{10}/, "what to do");
    assert.equal(new ArcgateError(code, "").docs, `${documents}errors.md#${code.toLowerCase()}`);
  });
}

test("a mistake in the configuration names the place in its message, once", async () => {
  const general = "errors.md#err_config)";
  const verifier = { authenticate: async () => null };
  const upstream = "https://agents.example/arc";
  for (const [attempt, place] of [
    [() => JwtVerifier.create({ provider: {} }), general],
    [() => JwtVerifier.create({ providers: {} }), general],
    // What has a document of its own names that one.
    [() => createWorker({ verifier, arc: { upstream } }), "upstream.md"],
    [() => createWorker({ verifier, arc: { upstream, upstreamAuth: { mode: "shared" } } }), general],
  ]) {
    const error = await (async () => attempt())().then(assert.fail, (thrown) => thrown);
    assert.equal(error.code, "ERR_CONFIG");
    assert.equal(error.message.split(documents).length - 1, 1, error.message);
    assert.ok(error.message.endsWith(documents + place), error.message);
  }
});

test("an error of a user's own is left as it is", () => {
  const { message, docs } = new ArcgateError("ERR_CONFIG", "mine");
  assert.equal(message, "mine");
  assert.ok(docs.endsWith("#err_config"));
});
