// workerFromEnv: what it makes of variables that are right, and says of those that are wrong. In Node, which starts faster than
// workerd.

import assert from "node:assert/strict";
import { test } from "node:test";
import { workerFromEnv } from "../../pkg/worker.node.js";
import { logging, request, told } from "../lib/env-worker.mjs";

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
    /PROVIDERS: names NOT_SET as the secret of a \(`secretEnv`\), and that is not set/,
  ],
  ["PROVIDERS", '{"secret-value":7}', /PROVIDERS: must be JSON: name -> provider/],
  ["PROVIDERS", '{"secret-value":"alice"}', /PROVIDERS: must be JSON: name -> provider/],
  ["PROVIDERS", `{"a":{"issuer":"https://a.example","secret":"secret-value"}}`, /PROVIDERS: .* name it by `secretEnv`/],
  ["PROVIDERS", '{"a":{"issuer":"https://a.example","secretEnv":7}}', /PROVIDERS: .* at `a.secretEnv`/],
  ["PROVIDERS", '{"a":{"issuer":"http://keycloak:8080/","audience":"x"}}', /PROVIDERS: .*INSECURE_HOSTS/],
  ["REVOCATIONS", "secret-value", /REVOCATIONS: must be the Durable Object RevocationStore/],
  ["REVOCATIONS", { get() {}, put() {} }, /REVOCATIONS: must be the Durable Object RevocationStore/],
  ["ASSETS", "secret-value", /ASSETS: must be static assets/],
  ...["-----BEGIN PRIVATE KEY-----\nsecret-value", '[{"kty":"EC"}]', '"{\\"kty\\":\\"EC\\"}"'].map((key) => [
    "UPSTREAM_KEY",
    key,
    /UPSTREAM_KEY: is a PEM, a list or a quoted text/,
    { ...upstream, ...assertion },
  ]),
  ...['{"kty":"oct","k":"secret-value"}', '{"keys":[{"kty":"EC"}]}'].map((key) => [
    "UPSTREAM_KEY",
    key,
    /UPSTREAM_KEY: must be one private JWK/,
    { ...upstream, ...assertion },
  ]),
  ["STATIC_TOKENS", "secret-value", /STATIC_TOKENS: is not valid JSON/],
  ["STATIC_TOKENS", '{"secret-value":{"name":"x"}}', /STATIC_TOKENS: .*tokens\[0\]\.name/],
  ["STATIC_TOKENS", '{"secret-value":{"id":7}}', /STATIC_TOKENS: .*tokens\[0\]/],
  ["STATIC_TOKENS", '{"secret-value is two":"x"}', /STATIC_TOKENS: .*tokens\[0\]/],
  ["STATIC_TOKENS", '["secret-value"]', /STATIC_TOKENS: must be a JSON object/],
  ["ARC_SCOPES", "secret-value", /ARC_SCOPES: is not valid JSON/],
  ["ARC_SCOPES", '{"task.create":"x"}', /ARC_SCOPES: the scopes of `task.create` must be a list/],
  ["ALLOWED_ORIGINS", "*", /ALLOWED_ORIGINS: has `\*`, which/],
  ["ALLOWED_HOSTS", "https://gate.example", /ALLOWED_HOSTS: has `https/],
  ["INSECURE_HOSTS", "http://keycloak:8080", /INSECURE_HOSTS: must list hosts/],
  ["INSECURE_HOSTS", "*", /INSECURE_HOSTS: must list hosts/],
  ["ALLOWED_HOSTS", ["secret-value"], /ALLOWED_HOSTS: must be a text, with commas/],
  ["PROVIDERS", 7, /PROVIDERS: must be a JSON object/],
  ["RESUME_KEY", 7, /RESUME_KEY: is set, but ARCP_UPSTREAM is not/],
  ["ARC_UPSTREAM", 7, /ARC_UPSTREAM: must be a URL, or a service binding/, { UPSTREAM_AUTH: "passthrough" }],
  [
    "UPSTREAM_ISSUER",
    7,
    /UPSTREAM_ISSUER: must be a string/,
    { ...upstream, UPSTREAM_KEY: "k".repeat(32), UPSTREAM_AUDIENCE: "a" },
  ],
  ["DEV_MODE", true, /DEV_MODE: must be the text "true"/],
  ["DEV_MODE", "1", /DEV_MODE: must be the text "true"/],
  ["PROVIDER", "secret-value", /PROVIDER: is no variable of the gate's; did you mean PROVIDERS\?/],
  ["UPSTREAM_SECRET_KEY", "secret-value", /UPSTREAM_KEY: is missing/, { ...upstream, ...assertion }],
  ["UPSTREAM_KEYS", "secret-value", /UPSTREAM_KEYS: .*did you mean UPSTREAM_KEY\?/, { ...upstream, ...assertion }],
  ["REVOCATION", { idFromName() {} }, /REVOCATION: .*did you mean REVOCATIONS\?/],
  ["UPSTREAM_AUTH", "passthrough", /UPSTREAM_AUTH: is set, but neither ARC_UPSTREAM nor ARCP_UPSTREAM is/],
  ["ARC_UPSTREAM", "https://agent.example/arc", /UPSTREAM_KEY: is missing: UPSTREAM_AUTH=assertion needs it/],
  ["ARC_UPSTREAM", "http://agent.example/arc", /ARC_UPSTREAM: must be https/, { UPSTREAM_AUTH: "passthrough" }],
  [
    "ARC_UPSTREAM",
    "http://agent:8081/arc",
    /ARC_UPSTREAM: must be https/,
    { UPSTREAM_AUTH: "passthrough", INSECURE_HOSTS: "agent:8080" },
  ],
  [
    "ARC_UPSTREAM",
    "https://u:secret-value@x/",
    /ARC_UPSTREAM: holds a password; leave it out, and say by UPSTREAM_AUTH how/,
    { UPSTREAM_AUTH: "passthrough" },
  ],
  ...[
    ["UPSTREAM_ISSUER", "  ", /begins or ends with white space/],
    ["UPSTREAM_ISSUER", "https://gate.example\n", /begins or ends with white space/],
    ["UPSTREAM_AUDIENCE", '["a","b"]', /must be one text as it is/],
  ].map(([name, value, problem]) => [
    name,
    value,
    problem,
    { ...upstream, ...assertion, UPSTREAM_KEY: "k".repeat(32) },
  ]),
  ["UPSTREAM_KEY", " ".repeat(32), /UPSTREAM_KEY: is blank/, { ...upstream, ...assertion }],
  [
    "RESUME_KEY",
    "\n".repeat(32),
    /RESUME_KEY: is blank/,
    { ARCP_UPSTREAM: "wss://runtime.example/arcp", UPSTREAM_AUTH: "passthrough" },
  ],
  [
    "OWN_KEY",
    " ".repeat(32),
    /OWN_KEY: is blank/,
    { PROVIDERS: '{"a":{"issuer":"https://a.example","audience":"x","secretEnv":"OWN_KEY"}}' },
  ],
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
  [
    "UPSTREAM_KEY",
    '{"kty":"EC","crv":"P-256","x":"AA","y":"AA","d":"secret-value"}',
    /UPSTREAM_KEY: can't be used: WebCrypto refuses it/,
    { ...upstream, ...assertion },
  ],
  ["UPSTREAM_TOKENS", "{}", /UPSTREAM_TOKENS: belongs to UPSTREAM_AUTH=map/, upstream],
  ["UPSTREAM_TOKENS", "secret-value", /UPSTREAM_TOKENS: is not valid JSON/, { ...upstream, UPSTREAM_AUTH: "map" }],
  [
    "UPSTREAM_TOKENS",
    '{"a":"two secret-value"}',
    /UPSTREAM_TOKENS: holds what is no bearer token/,
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
  test(`${name}=${String(value).slice(0, 60)}: a line in the log says what is wrong and no answer does, nobody is let in`, async () => {
    const env = { STATIC_TOKENS: '{"good":"a"}', ...more, [name]: value };
    const { answers, log } = await request(env, { paths: ["/arc", "/readyz", "/healthz", "/arc"] });
    assert.deepEqual(
      answers.map(({ status }) => status),
      [500, 503, 200, 500],
    );
    for (const { text } of answers) assert.doesNotMatch(text, /secret|PROVIDERS|ERR_/);
    const lines = told(log).filter(({ type }) => type === "worker.config");
    assert.deepEqual(
      lines.map(({ level, reason }) => [level, reason]),
      [["error", "ERR_CONFIG"]],
      log.join("\n"),
    );
    assert.match(lines[0].detail, problem);
    assert.equal(lines[0].detail.split(":")[0], lines[0].subject);
    assert.doesNotMatch(log.join("\n"), /secret-value/);
  });
}

test("variables that are right let in who they say", async () => {
  assert.equal((await request({ STATIC_TOKENS: '{"good":"alice"}' })).status, 200);
  assert.equal((await request({ STATIC_TOKENS: '{"good":"alice"}' }, { token: "bad" })).status, 401);
  assert.equal((await request({})).status, 401);
  assert.equal((await request({ STATIC_TOKENS: "", PROVIDERS: "" })).status, 401);
});

test("a configuration that is sound is ready, and says nothing", async () => {
  for (const [env, status] of [
    [{ STATIC_TOKENS: '{"good":"alice"}' }, 200],
    [{ STATIC_TOKENS: '{"good":"alice"}', ARC_SCOPES: '{"agent.look":[],"task.create":[]}' }, 200],
    [{ STATIC_TOKENS: { good: "alice" }, PROVIDERS_KV: {}, APP_MODE: "x", OWN_SECRET: "x" }, 200],
    [{ ...upstream, ...assertion, UPSTREAM_KEY: "k".repeat(32), STATIC_TOKENS: '{"good":"alice"}' }, 200],
  ]) {
    const { answers, log } = await request(env, { paths: ["/readyz"] });
    assert.deepEqual(answers, [{ status, text: '{"status":"ready"}' }], log.join("\n"));
    assert.deepEqual(log, []);
  }
});

test("what can be worked with and is hardly meant is a warning, and ready", async () => {
  for (const [env, subject, detail] of [
    [{ STATIC_TOKENS: '{"good":"a"}', RUNTIME_HUB: undefined }, "RUNTIME_HUB", /so \/arcp answers 503/],
    [{ STATIC_TOKENS: "{}" }, "STATIC_TOKENS", /is empty: no token of it lets anybody in/],
    [{}, "PROVIDERS", /neither PROVIDERS nor STATIC_TOKENS is set, so everybody is refused/],
    ...["task.creat", "Task.Create"].map((method) => [
      { STATIC_TOKENS: '{"good":"a"}', ARC_SCOPES: JSON.stringify({ [method]: ["run"] }) },
      "ARC_SCOPES",
      /which is no method of ARC 1.0; did you mean task.create\?/,
    ]),
    [
      { STATIC_TOKENS: '{"good":"a"}', ...upstream, ...assertion, UPSTREAM_KEY: `${"k".repeat(32)}\n` },
      "UPSTREAM_KEY",
      /white space, which is a part of the secret/,
    ],
    [
      { STATIC_TOKENS: '{"good":"a"}', ...upstream, UPSTREAM_AUTH: "map", UPSTREAM_TOKENS: "{}" },
      "UPSTREAM_TOKENS",
      /is empty: .*everybody is refused/,
    ],
    [{ STATIC_TOKENS: '{"good":"a"}', STATIC_TOKEN: "x" }, "STATIC_TOKEN", /did you mean STATIC_TOKENS\?/],
  ]) {
    const { status, log } = await request(env, { paths: ["/readyz"] });
    assert.equal(status, 200);
    const [line, ...others] = told(log);
    assert.deepEqual([line.level, line.subject, others], ["warning", subject, []]);
    assert.match(line.detail, detail);
  }
});

test("a secret that PROVIDERS names is no slip, whatever it is called", async () => {
  const PROVIDERS = '{"a":{"issuer":"https://a.example","audience":"x","secretEnv":"UPSTREAM_KEYS"}}';
  const { status } = await request({ PROVIDERS, UPSTREAM_KEYS: "k".repeat(32) }, { paths: ["/readyz"] });
  assert.equal(status, 200);
});

test("agents of one's own, and options that no variable can hold", async () => {
  const env = { STATIC_TOKENS: '{"good":"alice"}', MAX_CONNECTIONS: "5" };
  const agents = { echo: async () => "mine" };
  const { text } = await request(env, { options: { agents, limits: { maxFrameBytes: 5000 } } });
  assert.match(text, /mine/);
  const { status } = await request(env, { paths: ["/api/readyz"], options: { basePath: "/api" } });
  assert.equal(status, 200);
  const broken = await request(
    { PROVIDERS: "{" },
    { paths: ["/api/readyz", "/api/healthz"], options: { basePath: "/api" } },
  );
  assert.deepEqual(
    broken.answers.map(({ status }) => status),
    [503, 200],
  );
});

test("it never throws: what is wrong is in the log, and the class of the hubs is there", async () => {
  for (const [env, options, problem] of [
    [undefined, {}, /`env` must be the Worker's environment/],
    [{}, null, /`options` must be an object/],
    [{}, { agent: {} }, /`agent` is not an option; did you mean `agents`/],
    [{}, { agents: { echo: 1 } }, /`agents.echo` must be a function/],
    [{}, { verifier: {} }, /`verifier` is not an option/],
    [{}, { arc: { scopes: { "task.create": ["x"] } } }, /`arc.scopes` is not an option/],
    [{}, { arc: { upstream: "https://a.example" } }, /`arc.upstream` is not an option/],
    [{}, { basePath: "/a/../b" }, /`basePath` is .* without \. or \.\. in it/],
    [{}, { arcp: 5 }, /`arcp` must be an object/],
    [{}, { allowedHosts: ["x"] }, /`allowedHosts` is not an option/],
  ]) {
    const { status, worker, log } = await logging(async () => {
      const worker = workerFromEnv(env, options);
      const response = await worker.fetch(new Request("http://127.0.0.1:8787/readyz"), env, { waitUntil() {} });
      return { status: response.status, worker };
    });
    assert.equal(status, 503);
    assert.equal(typeof worker.RuntimeHub, "function");
    assert.match(log.join("\n"), problem);
    await assert.rejects(worker.revoke({}, { issuer: "https://a" }), problem);
  }
});
