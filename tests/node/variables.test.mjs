// The variables: their names, where they are handed on, and what some of them mean.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { registerHooks } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { revocationsOf } from "../../pkg/bin/addresses.js";
import { Refused } from "../../pkg/bin/refused.js";
import { runUntilAsked } from "../../pkg/bin/run.js";
import { variablesFrom } from "../../pkg/bin/variables.js";
import { meantBy, variables } from "../../pkg/worker/env/names.js";
import { upstreamsFrom } from "../../pkg/worker/env/upstreams.js";
import { ready } from "../../pkg/worker.node.js";
import { givenVariables, names } from "../../scripts/start/variables.mjs";

// The same package by another entry: Node compiles the module from its bytes.
registerHooks({
  resolve: (specifier, context, next) => next(specifier.replace(".workerd.js", ".node.js"), context),
});

await ready();

test("a name is near to one of ours, or it is the user's own", () => {
  const near = { PROVIDER: "PROVIDERS", DEVMODE: "DEV_MODE", dev_mode: "DEV_MODE", STATIC_TOKEN: "STATIC_TOKENS" };
  for (const [name, meant] of Object.entries(near)) assert.equal(meantBy(name), meant);
  for (const name of [
    ...names,
    "RUNTIME_HUB",
    "ALLOWED_ROLES",
    "UPSTREAM_URL",
    "PROVIDERS_KV",
    "MY_PROVIDERS",
    "PLAYGROUND",
    "PATH",
    "HOME",
    "MODE",
  ])
    assert.equal(meantBy(name), undefined, name);
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
  const { descriptorLimit, fitting } = await import("../../pkg/bin/descriptors.js");
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

test("each variable of the table in docs/operators.md is known, and handed on by `npm start` and by `arcgate serve`", async () => {
  const operators = await readFile(new URL("../../docs/operators.md", import.meta.url), "utf8");
  const table = operators.split("| variable or secret | what |")[1].split("\n\n")[0];
  const documented = [...table.matchAll(/^\| (`[^|]*)\|/gm)].flatMap(([, cell]) => cell.match(/[A-Z_]+/g));
  assert.deepEqual(documented.toSorted(), names.toSorted());
  assert.deepEqual(variables.toSorted(), names.toSorted());
});

test("`arcgate serve` hands on what is set, what PROVIDERS names, and slips; nothing else", () => {
  const PROVIDERS = '{"a":{"issuer":"https://a","audience":"x","secretEnv":"A_SECRET"}}';
  const env = { PROVIDERS, A_SECRET: "s", STATIC_TOKEN: "x", DEV_MODE: "", HOME: "/home", REVOCATION: "x", MODE: "x" };
  assert.deepEqual(variablesFrom(env, undefined).names, ["PROVIDERS", "A_SECRET", "STATIC_TOKEN"]);
});

test("a common word of the machine's environment that the gate does without is no slip", () => {
  const doubtful = (env, file) => variablesFrom(env, file).doubtful;
  const STATIC_TOKENS = '{"t":"a"}';
  const { names: handedOn } = variablesFrom({ STATIC_TOKENS, PROVIDER: "aws", DEVMODE: "1" }, undefined);
  assert.deepEqual(handedOn, ["STATIC_TOKENS"]);
  assert.deepEqual(doubtful({ STATIC_TOKENS, PROVIDER: "aws", DEVMODE: "1" }), ["PROVIDER", "DEVMODE"]);
  assert.deepEqual(doubtful({ PROVIDER: "aws" }), [], "it may be what lets people in");
  assert.deepEqual(doubtful({ STATIC_TOKENS, ARC_SCOPE: "{}" }), [], "without it more would be allowed");
  const folder = mkdtempSync(join(tmpdir(), "vars-"));
  writeFileSync(join(folder, "gate.env"), "PROVIDER=aws\n");
  assert.deepEqual(doubtful({ STATIC_TOKENS }, join(folder, "gate.env")), [], "the file is the gate's own");
  rmSync(folder, { recursive: true });
});

test("variables that are longer than the system takes: a sentence that names the longest, without its value", async () => {
  const env = { HOME: "/home", STATIC_TOKENS: "x".repeat(3_000_000), ALLOWED_HOSTS: "gate.example" };
  await assert.rejects(runUntilAsked("workerd", [], { env, say() {}, async onListening() {} }), (error) => {
    assert.ok(error instanceof Refused);
    assert.match(error.message, /too long to hand on: STATIC_TOKENS has 3000000 bytes, and Linux takes 128 KiB/);
    assert.doesNotMatch(error.message, /xx/);
    return true;
  });
});

test("where one revokes is reached from this machine alone", () => {
  for (const [given, expected] of [
    [undefined, "unix:/data/revocations.sock"],
    ["none", undefined],
    ["8788", "127.0.0.1:8788"],
    ["127.0.0.1:8788", "127.0.0.1:8788"],
    ["[::1]:8788", "[::1]:8788"],
    ["unix:/run/r.sock", "unix:/run/r.sock"],
  ]) {
    assert.equal(revocationsOf(given, "/data", "linux").revocations, expected);
  }
  for (const given of [
    "0.0.0.0:8788",
    "gate.example:8788",
    "",
    "unix:",
    "127.0.0.1",
    "*:1",
    "99999",
    "127.0.0.1.evil:1",
  ])
    assert.throws(() => revocationsOf(given, "/data", "linux"), /--revocations|is no port/, given);
  assert.equal(revocationsOf(undefined, "/data", "win32").revocations, undefined);
});

test("a socket's path has a longest length in bytes: the default is left out with a reason, one that was given is refused", () => {
  for (const [platform, longest] of [
    ["linux", 107],
    ["darwin", 103],
  ]) {
    const ofData = longest - "/revocations.sock".length;
    for (const data of [`/${"d".repeat(ofData - 1)}`, `/${"\u00fc".repeat(Math.floor((ofData - 1) / 2))}`]) {
      const { revocations } = revocationsOf(undefined, data, platform);
      assert.equal(revocations, `unix:${data}/revocations.sock`);
    }
    for (const data of [`/${"d".repeat(ofData)}`, `/${"\u00fc".repeat(ofData / 2 + 1)}`]) {
      const { revocations, without } = revocationsOf(undefined, data, platform);
      assert.equal(revocations, undefined);
      assert.ok(without.includes(`${data}/revocations.sock is longer than ${longest} bytes`), without);
    }
    assert.ok(revocationsOf(`unix:${"s".repeat(longest)}`, "/data", platform).revocations);
    for (const path of ["s".repeat(longest + 1), "\u00fc".repeat(longest / 2 + 1)]) {
      assert.throws(() => revocationsOf(`unix:${path}`, "/data", platform), { exitCode: 2 });
    }
  }
});

test("a secret that PROVIDERS names is handed on by `npm start`", () => {
  const PROVIDERS = '{"a":{"issuer":"https://a","audience":"x","secretEnv":"A_SECRET"}}';
  const env = { PROVIDERS, A_SECRET: "s", HOME: "/home" };
  assert.deepEqual(givenVariables(env).given, { PROVIDERS, A_SECRET: "s" });
  for (const wrong of ["{", "null", '{"a":null}', '{"a":{"secretEnv":1}}']) {
    assert.deepEqual(givenVariables({ ...env, PROVIDERS: wrong }).given, { PROVIDERS: wrong });
  }
});
