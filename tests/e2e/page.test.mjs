// The playground's first page, as a person uses it: a real Worker, a real OpenID provider, a real browser.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, before, test } from "node:test";
import { startPlayground } from "../lib/playground.mjs";

let site;
let page;

before(async () => {
  site = await startPlayground();
  page = await site.open();
});

after(() => site?.close());

const text = async (selector, where = page) => ((await where.textContent(selector)) ?? "").replace(/\s+/g, " ").trim();
const press = (name, where = page) => where.getByRole("button", { name, exact: true }).click();

/** Waits until an element's text is as it should be, and gives it. */
async function says(selector, pattern, where = page) {
  const until = Date.now() + 60_000;
  for (;;) {
    const found = await text(selector, where);
    if (pattern.test(found)) return found;
    if (Date.now() > until) assert.match(found, pattern, selector);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

async function getToken(where = page) {
  await press("Get a token", where);
  await says("#life", /^ends in/, where);
}

async function verify(where = page) {
  await press("Verify the token", where);
  await says("#verdict", /^accepted$/, where);
}

test("the pages are served under a strict content security policy, which knows their import map", async () => {
  for (const path of ["/", "/tokens", "/session"]) {
    const response = await fetch(`${site.origin}${path}`);
    const policy = response.headers.get("content-security-policy");
    const map = (await response.text()).match(/<script type="importmap">([^<]*)<\/script>/)[1];
    const hash = createHash("sha256").update(map).digest("base64");
    assert.match(
      policy,
      /^default-src 'none'; script-src 'self' 'wasm-unsafe-eval' 'sha256-[\w+/=]+'; style-src 'self';/,
    );
    assert.ok(policy.includes(`'sha256-${hash}'`), `www/_headers must name the import map of ${path}: sha256-${hash}`);
    assert.doesNotMatch(policy, /unsafe-inline|'unsafe-eval'|\*(?![;\s]|$)/);
    assert.equal(response.headers.get("x-content-type-options"), "nosniff");
  }
});

test("it loads the package, and says at its foot which and how large", async () => {
  await says("#version", /^\d+\.\d+\.\d+$/);
  await says("#size", /^2, \d+ kB$/);
  await says("#ready", /^[\d.]+ m?s$/);
  assert.match(await page.getAttribute(".readme", "href"), /#readme$/);
  assert.equal(await text("#where-provider"), new URL(site.idp.issuer).host);
});

test("the first step is open, the others are folded until they are of use, or wanted", async () => {
  const open = () => page.$$eval(".body:not([hidden])", (bodies) => bodies.map(({ id }) => id));
  assert.deepEqual(await open(), ["get-body"]);
  await page.getByRole("button", { name: "Call an agent with it", exact: true }).click();
  assert.deepEqual(await open(), ["get-body", "call-body"]);
  assert.equal(await page.getByRole("button", { name: "Call echo", exact: true }).isDisabled(), true);
  assert.match(await text("#call-body"), /Step 1 gets the token for it\./);
  await page.getByRole("button", { name: "Call an agent with it", exact: true }).click();
  assert.deepEqual(await open(), ["get-body"]);
});

test("step 1 gets a token and shows it masked, taken apart, with the time it has left", async () => {
  const place = () => page.locator("#get-form button").evaluate((button) => button.getBoundingClientRect().top);
  await page.waitForSelector("#get-form button:enabled");
  const before = await place();
  await getToken();
  assert.equal(await place(), before, "what was pressed stays where it is");
  assert.equal(await page.getAttribute("[aria-controls=verify-body]", "aria-expanded"), "true");
  await says("#get-exchange", /grant_type = client_credentials.*200 OK.*"access_token": "eyJ\w{3}….{4}"/);
  const masked = await text("#raw");
  assert.match(masked.replace(/\s/g, ""), /^eyJ\w{3}•+\.eyJ\w{3}•+\.•+$/);
  const colours = await page.$$eval("#raw span", (parts) => parts.map((part) => getComputedStyle(part).color));
  assert.equal(new Set(colours).size, 3);
  assert.match(await text("#header-claims"), /algRS256typat\+jwtkidrs256-/);
  assert.match(await text("#claims"), new RegExp(`subdemo.*iss${site.idp.issuer}aud${site.origin}/arciat`));
  assert.match(await text("[data-claim=exp]"), /^in (10 min 0 s|9 min 5\d s)/);
  const life = await text("#life");
  await says("#life", new RegExp(`^(?!${life}$)ends in 9 min`));
  await press("Show");
  const token = (await text("#raw")).replace(/\s/g, "");
  assert.match(token, /^eyJ[\w-]+\.[\w-]+\.[\w-]+$/);
  await press("Hide");
  assert.equal(await text("#raw"), masked);
});

test("step 2 verifies it in the page: who it is, and how long that took at first and from the cache", async () => {
  await verify();
  const outcome = await text("#verify-outcome");
  assert.match(outcome, new RegExp(`principaljwt\\|${site.idp.issuer}\\|demoproviderlocalscopesarc.agent.caller`));
  assert.equal(await text("#note-first"), "2 requests for the keys");
  const [first, known, second] = await Promise.all(
    ["#time-first", "#time-known", "#time-second"].map(async (id) => Number.parseFloat(await text(id))),
  );
  assert.ok(second < first && known < first, `${first}, ${known}, ${second}`);
});

for (const [name, change, code, message, http] of [
  [
    "Flip a signature bit",
    /byte 128 of the signature/,
    "ERR_TOKEN_SIGNATURE",
    /signature/,
    /^401 · Bearer .*invalid_token/,
  ],
  ["Change a claim", /"sub": "demo" → "admin"/, "ERR_TOKEN_SIGNATURE", /signature/, /^401/],
  ["Expect another audience", /→ https:\/\/other.example/, "ERR_TOKEN_AUDIENCE", /is configured for/, /^401/],
  ["An hour after its end", /→ exp \+ 1 h/, "ERR_TOKEN_EXPIRED", /expired/, /^401 .*the access token expired/],
  ["alg: none", /→ "none", no signature/, "ERR_TOKEN_ALGORITHM", /not signed/, /^401/],
  ["HS256 with the public key", /→ "HS256"/, "ERR_TOKEN_ALGORITHM", /HS256 is not among/, /^401/],
]) {
  test(`step 2 breaks the token: ${name}`, async () => {
    await press(name);
    await says("#break-outcome .change", change);
    await says("#break-outcome .error-code", new RegExp(`^${code}$`));
    assert.match(await page.getAttribute("#break-outcome a", "href"), new RegExp(`#${code.toLowerCase()}$`));
    assert.match(await text("#break-outcome .message"), message);
    assert.equal(await text("#break-outcome [data-field=fault] dd"), "caller");
    assert.equal(await text("#break-outcome [data-field=retryable] dd"), "no");
    assert.match(await text("#break-outcome [data-field='over HTTP'] dd"), http);
  });
}

test("step 3 calls echo with a text of one's own", async () => {
  await page.getByLabel("Text for echo").fill("Grüße & <b>Küsse</b>");
  await press("Call echo");
  await says("#call-outcome", /^200 OK echo gave it back: “Grüße & <b>Küsse<\/b>”$/);
  await says("#call-exchange", /POST \/arc.*authorization: Bearer eyJ\w{3}….{4}.*"status": "COMPLETED"/);
});

test("step 3 draws a stream as it arrives", async () => {
  await page.getByLabel("Let count go to").fill("12");
  await page.$eval("#count-bar", (bar) => {
    globalThis.drawn = new Set();
    // By what is drawn, however seldom somebody looks.
    new MutationObserver(() => bar.max === 12 && globalThis.drawn.add(bar.value)).observe(bar, { attributes: true });
  });
  await press("Stream it");
  await says("#call-outcome", /^200 OK count reached 12, in/);
  const drawn = await page.evaluate(() => [...globalThis.drawn]);
  assert.ok(drawn.length > 4 && drawn.at(-1) === 12, `drawn at ${drawn}`);
  assert.equal(await text("#count-said"), "12 of 12");
  await says("#call-exchange", /content-type: text\/event-stream.*event: stream.*event: done/);
});

test("step 3 stops a stream, and the focus goes from the button that goes to the one that stays", async () => {
  await page.getByLabel("Let count go to").fill("1000");
  await press("Stream it");
  await says("#count-said", /^[1-9]\d* of 1000$/);
  await press("Stop");
  await says("#count-said", /^stopped at \d+ of 1000$/);
  await says("#call-outcome", /hung up/);
  assert.equal(await page.isVisible("#count-stop"), false);
  assert.equal(await page.evaluate(() => document.activeElement.textContent), "Stream it");
});

test("step 3 shows what 401 and 403 look like", async () => {
  await press("Call without a token");
  await says("#call-outcome", /^401 Unauthorized/);
  await says("#call-exchange", /www-authenticate: Bearer realm="arcgate".*"code": -44001/);
  assert.doesNotMatch(await text("#call-exchange"), /authorization:/i);
  await press("Call with too few scopes");
  await says("#call-outcome", /^403 Forbidden The token is good .* it needs .*arc\.agent\.caller.*ERR_TOKEN_SCOPE/);
  assert.match(await page.getAttribute("#call-outcome a", "href"), /#err_token_scope$/);
  await says("#call-exchange", /www-authenticate: Bearer .*error="insufficient_scope".*"code": -44003/);
});

test("the log has every request in its order, and no token", async () => {
  const lines = await page.$$eval("#log li", (items) =>
    items.map((item) => [".method", ".path", ".status"].map((part) => item.querySelector(part).textContent).join(" ")),
  );
  const discovery = "GET /.well-known/openid-configuration 200";
  assert.deepEqual(lines, [
    discovery,
    "POST /token 200",
    discovery,
    "GET /jwks 200",
    "POST /arc 200",
    "POST /arc 200",
    "POST /arc 200",
    "POST /arc 401",
    discovery,
    "POST /token 200",
    "POST /arc 403",
  ]);
  assert.match(await text("#log li:nth-child(5)"), /the Worker.*Bearer eyJ\w{3}….{4}/);
  assert.match(await text("#log li:nth-child(8)"), /no token/);
  assert.doesNotMatch(await page.content(), /eyJ[\w-]+\.eyJ/, "nowhere in the page");
  await press("Clear");
  assert.equal(await page.locator("#log li").count(), 0);
  assert.equal(await page.evaluate(() => document.activeElement.id), "log-body");
});

test("nothing was complained about but the two refusals", () => {
  const refused = (status) => new RegExp(`^Failed to load resource.* ${status} .*/arc$`);
  const rest = page.complaints.filter((complaint) => !refused(401).test(complaint) && !refused(403).test(complaint));
  assert.deepEqual(rest, []);
});

test("step 3 tells each of two calls at once with its own status", async () => {
  await page.getByLabel("Let count go to").fill("40");
  await page.$eval("#call-outcome", (outcome) => {
    globalThis.told = [];
    const chip = document.querySelector("#called");
    // All that is said, whichever call is over first.
    new MutationObserver(() => globalThis.told.push(`${outcome.textContent} | ${chip.textContent}`)).observe(outcome, {
      childList: true,
    });
  });
  await press("Stream it");
  await says("#count-said", /^[1-9]\d* of 40$/);
  await press("Call with too few scopes");
  // The policy of the page allows no waitForFunction.
  let told = [];
  while (told.length < 2) told = await page.evaluate(() => globalThis.told);
  const [ofStream, refused] = told.sort();
  assert.match(ofStream, /^200 OK count reached 40, .* \| 200 in /);
  assert.match(refused, /^403 Forbidden The token is good .* \| 403 in /);
});

for (const algorithm of ["ES256", "EdDSA"]) {
  test(`it works with ${algorithm}`, async () => {
    await page.getByText(algorithm, { exact: true }).click();
    await press("Get a token");
    await says("#header-claims", new RegExp(`alg${algorithm}`));
    await verify();
    await press("Flip a signature bit");
    await says("#break-outcome .error-code", /^ERR_TOKEN_SIGNATURE$/);
  });
}

test("it can be used with the keyboard alone", async () => {
  const other = await site.open();
  await other.waitForSelector("#get-form button:enabled");
  const reach = async (id) => {
    for (let presses = 0; presses < 60; presses += 1) {
      const focused = await other.evaluate(() => document.activeElement.id || document.activeElement.textContent);
      if (focused === id) return;
      await other.keyboard.press("Tab");
    }
    assert.fail(`${id} is not reached by Tab`);
  };
  await reach("Get a token");
  await other.keyboard.press("Enter");
  await says("#life", /^ends in/, other);
  await reach("verify-button");
  await other.keyboard.press("Enter");
  await says("#verdict", /^accepted$/, other);
  await reach("Change a claim");
  await other.keyboard.press("Space");
  await says("#break-outcome .error-code", /^ERR_TOKEN_SIGNATURE$/, other);
  await reach("echo-text");
  await other.keyboard.press("Enter");
  await says("#call-outcome", /^200 OK/, other);
  await other.context().close();
});

test("where no provider is named, it says so in plain words", async () => {
  const prepare = (where) =>
    where.route("**/playground.json", (route) => route.fulfill({ status: 404, body: '{"error":"not_found"}' }));
  const other = await site.open({ prepare });
  await says("#notice", /names no provider to try.*npm start/, other);
  assert.equal(await other.getByRole("button", { name: "Get a token", exact: true }).isDisabled(), true);
  await other.context().close();
});

test("when the provider isn't running, it says so and what to do", async () => {
  await site.idp.close();
  await press("Get a token");
  await says("#get-outcome", /npm start.*ERR_REFRESH_UNAVAILABLE.*What it means/);
  await press("Verify the token");
  await says("#verdict", /^can’t tell now$/);
  await says("#verify-outcome", /npm start.*ERR_JWKS_UNAVAILABLE.*ask again later.*over HTTP503 · Retry-After: \d+/);
});
