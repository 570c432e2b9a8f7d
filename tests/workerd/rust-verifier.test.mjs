// The crate's JwtVerifier inside workerd. The timelines are those of the package's driver; then what a Worker in Rust meets
// besides: many requests at once, whose tasks share one instance, and a verifier that stands in a static.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { claims, jws, makeKey, serve } from "../attacks/kit.mjs";
import { cancelled, leave } from "./jwks/cancelled.mjs";
import { open, provider, times, use } from "./jwks/provider.mjs";
import { startRust } from "./jwks/start.mjs";
import { timelines } from "./jwks/timelines.mjs";

const MANY = 1_000;

const earlyKey = makeKey("EdDSA", "early");
let early;
let built;

use(async () => {
  early = await serve((request, response) => {
    const isMetadata = request.url.startsWith("/.well-known/");
    const document = isMetadata ? { issuer: early.url, jwks_uri: `${early.url}/keys` } : { keys: [earlyKey.jwk] };
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(document));
  });
  open.push(early);
  const started = await startRust(JSON.stringify({ providers: { one: { issuer: early.url, audience: "api" } } }));
  built = started.built;
  return started;
});

timelines();
cancelled();

const subjects = (idp, count) =>
  Array.from({ length: count }, (_, index) => idp.token(undefined, { sub: `of ${index}` }));
const all = (count, status) => Array(count).fill(status);
const statuses = (answers) => answers.map(({ status }) => status);
const until = async (isTime) => {
  while (!(await isTime())) await new Promise((resolve) => setTimeout(resolve, 5));
};
const read = (path) => readFileSync(new URL(path, import.meta.url), "utf8");
const wellKnown = "/.well-known/openid-configuration";

test(`${MANY} tokens at once, all different, cold: the metadata and the keys are asked for once`, async () => {
  // The clock stands still, so that no patience runs out while they come.
  const idp = await provider("many", { discovers: true, frozen: true });
  const tokens = subjects(idp, MANY);
  idp.state.stall = 1;
  const answers = Promise.all(tokens.map((token) => idp.verify(token)));
  await until(async () => idp.state.stalled.length === 1 && (await idp.begun()) === MANY);
  idp.state.stalled[0].answer();
  assert.deepEqual(statuses(await answers), all(MANY, 200));
  assert.deepEqual(idp.asked(), [wellKnown, "/keys"]);
  // And one isolate served all: the count means something.
  assert.equal((await provider("many again")).isolate, idp.isolate);
});

test(`${MANY} tokens at once, and the request that fetches is cancelled: all others are let in`, async () => {
  const idp = await provider("many, cancelled", { discovers: true });
  const tokens = subjects(idp, MANY);
  idp.state.stall = 1;
  let answers;
  await leave("many, cancelled", idp.token(), async () => {
    if (idp.state.stalled.length === 1) answers ??= Promise.all(tokens.map((token) => idp.verify(token)));
    return (await idp.begun()) === MANY + 1;
  });
  await idp.state.stalled[0].closed;
  assert.deepEqual(statuses(await answers), all(MANY, 200));
  assert.deepEqual(idp.asked(), [wellKnown, wellKnown, "/keys"]);
});

test("a request that is cancelled while its revocation is asked for holds nobody up", async () => {
  const asked = [];
  const list = await serve((request, response) => {
    // The first one is never answered.
    asked.push({ url: request.url, closed: new Promise((resolve) => response.on("close", resolve)) });
    if (asked.length > 1) response.end(request.url.endsWith("mallory") ? "revoked" : "fine");
  });
  open.push(list);
  const idp = await provider("revocations", { asks: list.url });
  const token = idp.token();
  await leave("revocations", token, () => asked.length === 1);
  await asked[0].closed;
  assert.deepEqual(statuses(await times(5, () => idp.verify(token))), all(5, 200));
  const refused = await idp.verify(idp.token(undefined, { sub: "mallory" }));
  assert.deepEqual([refused.status, refused.code], [401, "ERR_TOKEN_REVOKED"]);
  assert.equal(idp.fetches(), 1);
});

test("a list of revocations that never answers holds nobody for longer than a request for keys may take", async () => {
  const list = await serve(() => {});
  open.push(list);
  const idp = await provider("silent revocations", { asks: list.url, options: { jwksCache: { timeoutMs: 500 } } });
  const refusals = await times(5, () => idp.verify(idp.token()));
  assert.deepEqual(statuses(refusals), all(5, 503));
  for (const { code } of refusals) assert.equal(code, "ERR_VERIFIER_UNAVAILABLE");
});

test("a verifier made at the global scope, where Workers have neither fetch nor chance: one fetch for all", async () => {
  const token = jws(earlyKey, claims({ iss: early.url }));
  const idp = await provider("beside");
  const answers = await times(20, () => idp.verify(token, { name: "early" }));
  assert.deepEqual(statuses(answers), all(20, 200));
  assert.deepEqual(early.requests, [wellKnown, "/keys"]);
});

test("the module exports the Worker's own functions and nothing of the crate's", () => {
  const module = new WebAssembly.Module(readFileSync(built.wasm));
  const exported = WebAssembly.Module.exports(module).map(({ name }) => name);
  const sources = readdirSync(new URL("rust/src", import.meta.url)).map((name) => read(`rust/src/${name}`));
  const marked = sources.join("").matchAll(/#\[wasm_bindgen\]\npub (?:async )?fn (\w+)/g);
  const own = Array.from(marked, ([, name]) => name).sort();
  // What every module of wasm-bindgen's has.
  const isGlue = (name) =>
    /^(memory$|__abort_handler$|__wbindgen_|__wbg_|__externref_|__instance_|wasm_bindgen_|__data_end|__heap_base)/.test(
      name,
    );
  assert.deepEqual(exported.filter((name) => !isGlue(name)).sort(), own);
});
