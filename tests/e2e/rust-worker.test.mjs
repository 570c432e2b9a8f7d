// The Worker in Rust of examples/, built as its author would: a real OpenID provider, a real browser, and the package beside it.

import assert from "node:assert/strict";
import { cpSync, readFileSync } from "node:fs";
import { request as send } from "node:http";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { authenticateRequest, errorResponse, JwtVerifier } from "../../pkg/entry.node.js";
import { root } from "../../scripts/setup/cache.mjs";
import { launchChromium, servePages } from "../lib/browser.mjs";
import { presentedRequests } from "../lib/presented-requests.mjs";
import { startRustWorker, testRustWorker } from "../lib/rust-worker.mjs";
import { freePort, startIdp } from "../lib/worker.mjs";

const folder = join(root, "examples/rust-worker");
const scope = "arc.agent.caller";
let idp;
let worker;
let origin;
let pages;
let token;

before(
  async () => {
    const port = await freePort();
    origin = `http://127.0.0.1:${port}`;
    pages = await servePages({ "/": "<!doctype html><title>another origin</title>" });
    idp = await startIdp({ origins: [origin], resources: [`${origin}/api`] });
    worker = await startRustWorker(
      folder,
      { ISSUER: idp.issuer, AUDIENCE: `${origin}/api`, PAGES: pages.url },
      { port, ready: "/health", prepare: preparePage },
    );
    token = await idp.token({ client: "demo-es256" });
  },
  { timeout: 600_000 },
);
after(async () => {
  await Promise.all([worker?.close(), idp?.close(), pages?.close()]);
});

// What `npm run page` does, and the provider of this test.
function preparePage(place) {
  cpSync(join(root, "pkg"), join(place, "page/arcgate"), { recursive: true });
  const main = readFileSync(join(place, "page/main.js"), "utf8");
  return { "page/main.js": main.replaceAll("http://127.0.0.1:9000", idp.issuer) };
}

/** What the log has to say, once it does: it comes by another way than the answer. */
async function logged(from, pattern) {
  for (const end = Date.now() + 60_000; Date.now() < end; await new Promise((resolve) => setTimeout(resolve, 20)))
    if (pattern.test(from.log.join("\n"))) return from.log.join("\n");
  return assert.match(from.log.join("\n"), pattern);
}

/** Asks with exactly these fields, as no `fetch` would. */
function ask(path, { headers = [], method = "GET" } = {}) {
  return new Promise((resolve, reject) => {
    const sent = send(origin, { path, method, headers: ["Host", new URL(origin).host, ...headers], agent: false });
    sent.on("error", reject).on("response", (response) => {
      const read = response.setEncoding("utf8").toArray();
      read.then((parts) => {
        resolve({ status: response.statusCode, headers: response.headers, text: parts.join("") });
      }, reject);
    });
    sent.end();
  });
}

const bearing = (given) => ({ headers: ["Authorization", `Bearer ${given}`] });

test("its own tests run without a Worker", { timeout: 600_000 }, async () => {
  const { stdout } = await testRustWorker(folder);
  assert.match(stdout, /2 passed; 0 failed/);
});

test("a hundred callers at a cold Worker's door cause one fetch of the provider's keys", async () => {
  idp.resetCounts();
  const signed = (index) => idp.sign({ aud: `${origin}/api`, sub: `caller-${index}` });
  const tokens = await Promise.all(Array.from({ length: 100 }, (_, index) => signed(index)));
  const answers = await Promise.all(tokens.map((each) => ask("/hello", bearing(each))));
  assert.deepEqual(
    answers.map(({ text }) => text),
    tokens.map((_, index) => `hello, caller-${index}`),
  );
  assert.deepEqual([idp.discoveryFetches(), idp.jwksFetches()], [1, 1]);
});

describe("who asks", () => {
  test("a good token is let in, and the handler has its claims", async () => {
    const { status, text } = await ask("/me", bearing(token));
    assert.equal(status, 200, text);
    const { id, issuer, scopes, client } = JSON.parse(text);
    assert.deepEqual([id, issuer, client], ["demo-es256", idp.issuer, "demo-es256"]);
    assert.ok(scopes.includes(scope));
    assert.equal((await ask("/reports", bearing(token))).text, "reports for demo-es256");
  });

  test("every algorithm of the provider's", async () => {
    for (const client of ["demo", "demo-eddsa"])
      assert.equal((await ask("/me", bearing(await idp.token({ client })))).status, 200, client);
  });

  test("what is for everybody asks for nothing, and what is optional refuses a bad token all the same", async () => {
    assert.equal((await ask("/health")).text, "ok");
    assert.equal((await ask("/hello")).text, "hello, whoever you are");
    assert.equal((await ask("/hello", bearing(token))).text, "hello, demo-es256");
    assert.equal((await ask("/hello", bearing("a.b.c"))).status, 401);
    assert.equal((await ask("/nowhere")).status, 404);
  });

  test("a scope that is missing is named to its sender", async () => {
    const other = await idp.token({ scope: "arc.task.controller" });
    const { status, headers, text } = await ask("/reports", bearing(other));
    assert.equal(status, 403);
    assert.equal(headers["www-authenticate"], `Bearer realm="arcgate", error="insufficient_scope", scope="${scope}"`);
    assert.equal(text, '{"error":"insufficient_scope"}');
    assert.equal((await ask("/me", bearing(other))).status, 200);
  });

  test("the log has the reason, and no token", async () => {
    const wrong = await idp.sign({ aud: "https://other.example" });
    assert.equal((await ask("/me", bearing(wrong))).status, 401);
    const log = await logged(worker, /\/me 401: ERR_TOKEN_AUDIENCE/);
    assert.ok(!log.includes(wrong) && !log.includes(token));
  });
});

// The package's own verdict on the same request is the measure.
test("any request is answered as the package answers it", async () => {
  const audience = `${origin}/api`;
  const verifier = await JwtVerifier.create({ providers: { main: { issuer: idp.issuer, audience } } });
  const now = Math.floor(Date.now() / 1000);
  const claims = { aud: audience, sub: "alice", scope };
  const tokens = {
    good: token,
    signed: await idp.sign(claims),
    expired: await idp.sign({ ...claims, iat: now - 7200, exp: now - 3600 }),
    early: await idp.sign({ ...claims, nbf: now + 3600 }),
    audience: await idp.sign({ ...claims, aud: "https://other.example" }),
    issuer: await idp.sign({ ...claims, iss: "https://other.example" }),
    scopeless: await idp.sign({ ...claims, scope: "other" }),
    tampered: token.replace(/.{8}$/, "AAAAAAAA"),
    unsigned: `${Buffer.from('{"alg":"none"}').toString("base64url")}.${token.split(".")[1]}.`,
    opaque: "2YotnFZFEjr1zCsicMWpAA",
    long: "a".repeat(17_000),
  };
  const requests = presentedRequests(tokens);
  assert.ok(requests.length > 70, `${requests.length} requests`);
  for (const [path, options] of [
    ["/me", {}],
    ["/reports", { scopes: [scope] }],
  ]) {
    for (const [values, query] of requests) {
      const headers = values.flatMap((value) => ["Authorization", value]);
      const answer = await ask(path + query, { headers });
      // As Node has read them: white space around a value is no part of it (RFC 9110 §5.5).
      const rawHeaders = values.flatMap((value) => ["Authorization", value.replace(/^[ \t]+|[ \t]+$/g, "")]);
      const request = { url: path + query, headers: { authorization: rawHeaders[1] }, rawHeaders };
      const expected = await authenticateRequest(request, verifier, options).then(
        () => ({ status: 200 }),
        async (error) => {
          const response = errorResponse(error);
          return { status: response.status, fields: Object.fromEntries(response.headers), text: await response.text() };
        },
      );
      const what = `${path}${query} ${JSON.stringify(values).slice(0, 80)}`;
      assert.equal(answer.status, expected.status, what);
      if (expected.status === 200) continue;
      assert.equal(answer.text, expected.text, what);
      for (const name of ["www-authenticate", "retry-after", "content-type", "cache-control"])
        assert.equal(answer.headers[name], expected.fields[name], `${what}: ${name}`);
    }
  }
});

describe("keys", () => {
  test("a rotated key is taken, and what the old one signed is refused", async () => {
    await idp.rotateKeys();
    const fresh = await idp.token({ client: "demo-es256" });
    // The keys may have been fetched just now: then its sender is told when to come back.
    const patiently = async (given) => {
      const answer = await ask("/me", bearing(given));
      if (answer.status !== 503) return answer;
      await new Promise((resolve) => setTimeout(resolve, Number(answer.headers["retry-after"]) * 1000));
      return ask("/me", bearing(given));
    };
    assert.equal((await patiently(fresh)).status, 200);
    const { status, headers } = await patiently(token);
    assert.equal(status, 401);
    assert.match(headers["www-authenticate"], /error="invalid_token"/);
  });
});

describe("pages", () => {
  let browser;
  before(async () => {
    browser = await launchChromium();
  });
  after(() => browser?.close());

  const opened = async (url) => {
    const page = await (await browser.newContext()).newPage();
    page.setDefaultTimeout(20_000);
    page.complaints = [];
    page.on("pageerror", (error) => page.complaints.push(String(error)));
    await page.goto(url);
    return page;
  };

  test("somebody logs in, and the API knows who it is", async () => {
    const page = await opened(origin);
    await page.getByText("Nobody is logged in.").waitFor();
    const press = (name) => page.getByRole("button", { name, exact: true }).click();
    const said = (text) => page.locator("#said").filter({ hasText: text }).waitFor();
    await press("/me without the token");
    await said('401 {"error":"unauthorized"} Bearer realm="arcgate"');
    await press("Log in");
    await page.locator("[name=login]").fill("alice");
    await page.locator("[name=password]").fill("any");
    await page.locator("[type=submit]").click();
    await page.getByRole("button", { name: "Continue" }).click();
    await page.getByText("Logged in as alice.").waitFor();
    await press("/me with the token");
    await said('200 {"id":"alice"');
    await press("/reports with the token");
    await said("200 reports for alice");
    await press("/hello without the token");
    await said("200 hello, whoever you are");
    assert.deepEqual(page.complaints, []);
    await page.close();
  });

  test("a page of an origin that is named may ask and is told why it may not; no other may", async () => {
    const page = await opened(pages.url);
    const asked = (path, authorization) =>
      page.evaluate(
        async ([url, value]) => {
          try {
            const response = await fetch(url, { headers: value ? { authorization: value } : {} });
            return [response.status, response.headers.get("www-authenticate")];
          } catch (error) {
            return [error.name];
          }
        },
        [origin + path, authorization],
      );
    const fresh = await idp.token();
    assert.deepEqual(await asked("/me", `Bearer ${fresh}`), [200, null]);
    assert.deepEqual(await asked("/me"), [401, 'Bearer realm="arcgate"']);
    const [status, challenge] = await asked("/me", "Bearer a.b.c");
    assert.deepEqual([status, challenge], [401, 'Bearer realm="arcgate", error="invalid_token"']);
    await page.goto(pages.url.replace("127.0.0.1", "localhost"));
    assert.deepEqual(await asked("/me", `Bearer ${fresh}`), ["TypeError"]);
    await page.close();
  });
});

test("nothing hung and nothing panicked", () => {
  assert.doesNotMatch(worker.log.join("\n"), /hung|different request|panicked|unreachable|RuntimeError|Uncaught/);
});

test("a variable that is missing is told in the log, and not to whoever asks", async () => {
  const other = await startRustWorker(folder, { ISSUER: "", AUDIENCE: "x" }, { ready: "/style.css" });
  try {
    const response = await fetch(`${other.url}/me`);
    assert.deepEqual([response.status, await response.text()], [500, '{"error":"server_error"}']);
    await logged(other, /ERR_CONFIG/);
  } finally {
    await other.close();
  }
});
