// The repository's Worker, with variables that are wrong. In Node, which starts faster than workerd.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { registerHooks } from "node:module";
import { test } from "node:test";
import { givenVariables, names } from "../../scripts/start/variables.mjs";
import { envelope } from "../lib/arc.mjs";

// The same package by another entry: Node compiles the module from its bytes.
registerHooks({
  resolve: (specifier, context, next) => next(specifier.replace(".workerd.js", ".node.js"), context),
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

const upstream = { ARC_UPSTREAM: "https://agent.example/arc" };
const assertion = { UPSTREAM_ISSUER: "https://gate.example", UPSTREAM_AUDIENCE: "agents" };

for (const [name, value, problem, more = {}] of [
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
  ["INSECURE_HOSTS", "http://keycloak:8080", /INSECURE_HOSTS: must list hosts/],
  ["INSECURE_HOSTS", "*", /INSECURE_HOSTS: must list hosts/],
  ["UPSTREAM_AUTH", "passthrough", /UPSTREAM_AUTH: is set, but neither ARC_UPSTREAM nor ARCP_UPSTREAM is/],
  ["ARC_UPSTREAM", "https://agent.example/arc", /UPSTREAM_KEY: is missing: UPSTREAM_AUTH=assertion needs it/],
  ["ARC_UPSTREAM", "http://agent.example/arc", /ARC_UPSTREAM: must be https/, { UPSTREAM_AUTH: "passthrough" }],
  [
    "ARC_UPSTREAM",
    "http://agent:8081/arc",
    /ARC_UPSTREAM: must be https/,
    { UPSTREAM_AUTH: "passthrough", INSECURE_HOSTS: "agent:8080" },
  ],
  ["ARC_UPSTREAM", "https://u:secret-value@x/", /ARC_UPSTREAM: holds a password/, { UPSTREAM_AUTH: "passthrough" }],
  ["ARCP_UPSTREAM", "ws://runtime.example/arcp", /ARCP_UPSTREAM: must be wss/, { UPSTREAM_AUTH: "passthrough" }],
  ["ARCP_UPSTREAM", "wss://runtime.example/arcp", /UPSTREAM_KEY: is missing/],
  ["RESUME_KEY", "secret-value", /RESUME_KEY: is set, but ARCP_UPSTREAM is not/],
  [
    "RESUME_KEY",
    "secret-value",
    /RESUME_KEY: must be a string or bytes, 32 at least/,
    { ARCP_UPSTREAM: "wss://runtime.example/arcp", UPSTREAM_AUTH: "passthrough" },
  ],
  [
    "UPSTREAM_TOKENS",
    '{"alice":"secret-value"}',
    /RESUME_KEY: is missing: with ARCP_UPSTREAM and UPSTREAM_AUTH=map/,
    { ARCP_UPSTREAM: "wss://runtime.example/arcp", UPSTREAM_AUTH: "map" },
  ],
  ["MAX_CONNECTIONS", "many", /MAX_CONNECTIONS: must be a whole number/],
  ["MAX_CONNECTIONS", "0", /MAX_CONNECTIONS: must be a number from 1/],
  ["UPSTREAM_AUTH", "shared", /UPSTREAM_AUTH: must be one of assertion, map, passthrough/, upstream],
  ["UPSTREAM_KEY", "secret-value", /UPSTREAM_KEY: must have 32 bytes or more/, { ...upstream, ...assertion }],
  ["UPSTREAM_KEY", '{"kty":"secret-value', /UPSTREAM_KEY: begins as a JWK does/, { ...upstream, ...assertion }],
  ["UPSTREAM_KEY", '{"kty":"EC","crv":"P-256"}', /UPSTREAM_KEY: is a public JWK/, { ...upstream, ...assertion }],
  ["UPSTREAM_TOKENS", "{}", /UPSTREAM_TOKENS: belongs to UPSTREAM_AUTH=map/, upstream],
  ["UPSTREAM_TOKENS", "secret-value", /UPSTREAM_TOKENS: is not valid JSON/, { ...upstream, UPSTREAM_AUTH: "map" }],
  [
    "UPSTREAM_TOKENS",
    '{"a":"two secret-value"}',
    /gave what is no bearer token/,
    { ...upstream, UPSTREAM_AUTH: "map" },
  ],
  [
    "UPSTREAM_TOKENS",
    '{"42":"secret-value"}',
    /UPSTREAM_TOKENS: has an id that several providers could mean/,
    {
      ...upstream,
      UPSTREAM_AUTH: "map",
      PROVIDERS:
        '{"a":{"issuer":"https://a.example","audience":"x"},"b":{"issuer":"https://b.example","audience":"x"}}',
    },
  ],
]) {
  test(`${name}=${value.slice(0, 60)}: the log says what is wrong, the answer doesn't, nobody is let in`, async () => {
    const { status, text, log } = await request({ STATIC_TOKENS: '{"good":"a"}', ...more, [name]: value });
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

test("the playground's settings are for our own hosts and pages", async () => {
  const { playgroundSettings } = await import("../../worker/playground.js");
  const log = console.log;
  console.log = () => {};
  try {
    const asked = async (url, headers = {}, env = { PLAYGROUND: '{"a":1}' }) =>
      (
        await playgroundSettings(new Request(`${url}/playground.json`, { headers }), env, {
          allowedHosts: ["localhost"],
        })
      ).status;
    assert.equal(await asked("http://localhost:8787"), 200);
    assert.equal(await asked("http://localhost:8787", { origin: "http://localhost:8787" }), 200);
    assert.equal(await asked("http://evil.example"), 421);
    assert.equal(await asked("http://localhost:8787", { origin: "https://evil.example" }), 403);
    assert.equal(await asked("http://localhost:8787", {}, {}), 404);
  } finally {
    console.log = log;
  }
});

test("sockets are as many as fit into the descriptors, and the log says how many", async () => {
  const { descriptorLimit, fitting } = await import("../../scripts/serve/descriptors.mjs");
  assert.equal(fitting(1_048_576).maxConnections, undefined);
  assert.match(fitting(1_048_576).line, /^1048576 descriptors: room for 2000 sockets$/);
  assert.equal(fitting(1024).maxConnections, "153");
  assert.match(fitting(1024).line, /^1024 descriptors: .* MAX_CONNECTIONS is 153 and not 2000; .* to 13334 /);
  assert.equal(fitting(1024, "100").maxConnections, "100");
  assert.equal(fitting(1024, "5000").maxConnections, "153");
  assert.equal(fitting(13_334).maxConnections, undefined, "what it says to raise it to is enough");
  assert.equal(fitting(3).maxConnections, "1");
  assert.equal(fitting(Number.POSITIVE_INFINITY).maxConnections, undefined);
  assert.equal(fitting(1024, "many").maxConnections, "many", "for the Worker to refuse");
  assert.ok(descriptorLimit() > 3);
});

test("UPSTREAM_TOKENS: an id is one user's, and a key says whose where it could be two", async () => {
  const { upstreamsFrom } = await import("../../worker/upstream.js");
  const tokens = (UPSTREAM_TOKENS, env) => {
    const variables = {
      ARC_UPSTREAM: "https://x",
      UPSTREAM_AUTH: "map",
      UPSTREAM_TOKENS: JSON.stringify(UPSTREAM_TOKENS),
    };
    return upstreamsFrom({ ...variables, ...env }).arc.upstreamAuth.tokenFor;
  };
  const principal = (key) => ({ key, kind: key.split("|")[0], id: key.split("|")[2] });
  const [aliceStatic, aliceJwt] = [principal("static||alice"), principal("jwt|https://a|alice")];
  const one = '{"a":{"issuer":"https://a","audience":"x"}}';
  const both = tokens({ alice: "t1", bob: "t2" }, { STATIC_TOKENS: '{"s":"alice"}', PROVIDERS: one });
  assert.equal(both(aliceStatic), "t1");
  assert.equal(both(aliceJwt), undefined, "the provider's alice is somebody else");
  assert.equal(both(principal("jwt|https://a|bob")), "t2");
  assert.equal(both(principal("static||bob")), undefined);
  assert.equal(both(principal("custom||bob")), undefined);
  const named = tokens(
    { alice: "t1", [aliceJwt.key]: "t3" },
    { STATIC_TOKENS: '{"s":{"id":"alice"}}', PROVIDERS: one },
  );
  assert.deepEqual([named(aliceStatic), named(aliceJwt)], ["t1", "t3"]);
  // A `sub` that is written as another principal's key is not that principal.
  const forged = { key: "jwt|https://a|static%7C%7Calice", kind: "jwt", id: "static||alice" };
  assert.equal(tokens({ "static||alice": "t1" }, { PROVIDERS: one })(forged), undefined);
});

test("each variable of the README's table is handed on by `npm start` and by `npm run serve`", async () => {
  const readme = await readFile(new URL("../../README.md", import.meta.url), "utf8");
  const table = readme.split("| variable or secret | what |")[1].split("\n\n")[0];
  const documented = [...table.matchAll(/^\| (`[^|]*)\|/gm)].flatMap(([, cell]) => cell.match(/[A-Z_]+/g));
  assert.deepEqual(documented.toSorted(), names.toSorted());
  const config = await readFile(new URL("../../worker/workerd.capnp", import.meta.url), "utf8");
  const bound = [...config.matchAll(/fromEnvironment = "(\w+)"/g)].map(([, name]) => name);
  assert.deepEqual(bound.toSorted(), names.toSorted());
});

test("a secret that PROVIDERS names is handed on by `npm start`", () => {
  const PROVIDERS = '{"a":{"issuer":"https://a","audience":"x","secretEnv":"A_SECRET"}}';
  const env = { PROVIDERS, A_SECRET: "s", HOME: "/home" };
  assert.deepEqual(givenVariables(env).given, { PROVIDERS, A_SECRET: "s" });
  for (const wrong of ["{", "null", '{"a":null}', '{"a":{"secretEnv":1}}']) {
    assert.deepEqual(givenVariables({ ...env, PROVIDERS: wrong }).given, { PROVIDERS: wrong });
  }
});
