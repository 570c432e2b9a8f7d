// The repository's Worker, with variables that are wrong. In Node, which starts faster than workerd.

import assert from "node:assert/strict";
import { registerHooks } from "node:module";
import { test } from "node:test";
import { envelope } from "../lib/arc.mjs";

// The same package by another entry: Node compiles the module from its bytes.
registerHooks({
  resolve: (specifier, context, next) => next(specifier.replace("entry.workerd.js", "entry.node.js"), context),
});

let instances = 0;

/** A request to a fresh Worker with these variables; also what it logged. */
async function request(env, { path = "/arc", token = "good" } = {}) {
  const { default: worker } = await import(`../../worker/index.js?${instances++}`);
  const log = [];
  const kept = { ...console };
  for (const level of ["log", "warn", "error"]) console[level] = (...words) => log.push(words.join(" "));
  try {
    const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
    const init = path === "/arc" ? { method: "POST", headers, body: JSON.stringify(envelope()) } : {};
    const response = await worker.fetch(new Request(`http://127.0.0.1:8787${path}`, init), env, { waitUntil() {} });
    return { status: response.status, text: await response.text(), log: log.join("\n") };
  } finally {
    Object.assign(console, kept);
  }
}

for (const [name, value, problem] of [
  ["PROVIDERS", "{secret-value", /PROVIDERS: is not valid JSON/],
  ["PROVIDERS", "null", /PROVIDERS: must be a JSON object/],
  [
    "PROVIDERS",
    '{"a":{"issuer":"https://a.example","audience":"x","jwks_uri":"https://a"}}',
    /PROVIDERS: .*did you mean `jwksUri`/,
  ],
  [
    "PROVIDERS",
    '{"a":{"issuer":"https://a.example","audience":"x","secretEnv":"NOT_SET"}}',
    /PROVIDERS: names a secret for a that is not set/,
  ],
  ["PROVIDERS", '{"a":7}', /PROVIDERS: /],
  ["STATIC_TOKENS", "secret-value", /STATIC_TOKENS: is not valid JSON/],
  ["STATIC_TOKENS", '{"secret-value":{"name":"x"}}', /STATIC_TOKENS: .*tokens\[0\]\.name/],
  ["STATIC_TOKENS", '{"secret-value":{"id":7}}', /STATIC_TOKENS: .*tokens\[0\]/],
  ["STATIC_TOKENS", '{"secret-value is two":"x"}', /STATIC_TOKENS: .*tokens\[0\]/],
  ["STATIC_TOKENS", '["secret-value"]', /STATIC_TOKENS: must be a JSON object/],
  ["ARC_SCOPES", "secret-value", /ARC_SCOPES: is not valid JSON/],
  ["ARC_SCOPES", '{"task.create":"x"}', /the scopes of `task.create` must be a list/],
  ["ALLOWED_ORIGINS", "*", /allowedOrigins/],
  ["ALLOWED_HOSTS", "https://gate.example", /allowedHosts/],
]) {
  test(`${name}=${value.slice(0, 60)}: the log says what is wrong, the answer doesn't, nobody is let in`, async () => {
    const { status, text, log } = await request({ STATIC_TOKENS: '{"good":"alice"}', [name]: value });
    assert.equal(status, 500);
    assert.doesNotMatch(text, /secret|PROVIDERS|ERR_/);
    assert.match(log, /ERR_CONFIG/);
    assert.match(log, problem);
    assert.doesNotMatch(log, /secret-value/);
    const env = { [name]: value };
    assert.equal((await request(env, { path: "/healthz" })).status, 200, "it lives");
  });
}

test("variables that are right let in who they say", async () => {
  assert.equal((await request({ STATIC_TOKENS: '{"good":"alice"}' })).status, 200);
  assert.equal((await request({ STATIC_TOKENS: '{"good":"alice"}' }, { token: "bad" })).status, 401);
  assert.equal((await request({})).status, 401);
  assert.equal((await request({ STATIC_TOKENS: "", PROVIDERS: "" })).status, 401);
});
