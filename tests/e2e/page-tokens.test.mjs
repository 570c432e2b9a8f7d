// The playground's page about tokens over time, as a person uses it: a real Worker, a real provider, Chromium.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startPlayground } from "../lib/playground.mjs";

let site;
let page;
before(async () => {
  site = await startPlayground();
  page = await site.open();
  page.context().setDefaultTimeout(60_000);
  await page.goto(`${site.origin}/tokens`);
});
after(() => site?.close());

const press = (name, where = page) => where.getByRole("button", { name, exact: true }).click();

/** Waits until an element's text is as it should be, and gives it. */
async function says(selector, pattern, where = page, seconds = 60) {
  const until = Date.now() + seconds * 1000;
  for (;;) {
    const found = ((await where.textContent(selector).catch(() => "")) ?? "").replace(/\s+/g, " ").trim();
    if (pattern.test(found)) return found;
    if (Date.now() > until) assert.match(found, pattern, selector);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

const steps = (where = page) => where.$$eval(".body:not([hidden])", (bodies) => bodies.map(({ id }) => id));

/** Fills in what the provider asks for, until it leads back. */
async function logIn(where = page, name = "alice") {
  await press("Log in", where);
  await where.waitForURL(`${site.idp.issuer}/**`);
  await where.fill("input[name=login]", name);
  await where.fill("input[name=password]", "any");
  await where.click("[type=submit]");
  await where.waitForSelector("input[name=prompt][value=consent]", { state: "attached" });
  await where.click("[type=submit]");
  await where.waitForURL(`${site.origin}/tokens`);
}

test("nobody is logged in: nothing can be done but to log in", async () => {
  await says("#who", /^nobody is logged in$/);
  assert.deepEqual(await steps(), ["login-body"]);
  assert.equal(await page.isVisible("#log-out"), false);
  await page.getByRole("button", { name: "Watch it live", exact: true }).click();
  for (const name of ["Refresh now", "Call echo with it"]) {
    assert.equal(await page.getByRole("button", { name, exact: true }).isDisabled(), true, name);
  }
  await says("#left", /^no token$/);
});

test("a person logs in, and the code does not stay in the address bar", async () => {
  await logIn();
  await says("#who", /^alice$/);
  await says("#state", /^valid$/);
  await says("#left", /^ends in \d+ s$/);
  assert.equal(page.url(), `${site.origin}/tokens`);
  assert.ok((await page.$eval("#bar", (bar) => bar.value)) > 0.5);
  assert.deepEqual(await steps(), ["login-body", "life-body", "share-body"]);
  assert.equal(await page.evaluate(() => document.activeElement.getAttribute("aria-controls")), "life-body");
});

test("the Worker takes the token", async () => {
  await press("Call echo with it");
  await says("#life-said", /echo answered: “Hello from a logged-in page”$/);
});

test("a second tab has the token at once, and sends no request for it", async () => {
  const [second] = await Promise.all([page.context().waitForEvent("page"), page.click("#second")]);
  await says("#who", /^alice$/, second);
  const token = await says("#token", /^eyJ.{3}….{4}$/);
  assert.equal(await says("#token", /^eyJ/, second), token);
  assert.equal(await second.textContent("#requests"), "0");
  // One refreshes, both have it.
  await says("#left", /^ends in (1\d|2[0-6]) s$/);
  await press("Refresh now");
  await says("#replaced", /^1$/);
  const next = await page.textContent("#token");
  assert.notEqual(next, token);
  await says("#token", new RegExp(next), second);
  assert.equal(await second.textContent("#requests"), "0");
  await press("Say that a server refused it", second);
  await says("#replaced", /^2$/, second);
  await says("#token", new RegExp(await second.textContent("#token")));
  await second.close();
});

test("the bar empties, and fills again before it is empty", async () => {
  const before = Number(await page.textContent("#replaced"));
  const seen = [];
  const until = Date.now() + 45_000;
  while (Number(await page.textContent("#replaced")) === before) {
    seen.push(await page.$eval("#bar", (bar) => bar.value));
    assert.ok(Date.now() < until, "the token was not replaced");
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  assert.ok(Math.min(...seen) > 0.05 && Math.min(...seen) < 0.5, `it went down to ${Math.min(...seen)}`);
  assert.ok((await page.$eval("#bar", (bar) => bar.value)) > 0.8);
});

test("a reload finds the person logged in", async () => {
  await page.reload();
  await says("#who", /^alice$/);
  await says("#log", /adopted/);
});

test("logged out in one tab, and so in the other", async () => {
  const second = await page.context().newPage();
  await second.goto(`${site.origin}/tokens`);
  await says("#who", /^alice$/, second);
  await press("Log out");
  await page.waitForURL(`${site.idp.issuer}/session/end**`);
  await says("#who", /^nobody is logged in$/, second);
  await says("#login-said", /another tab/, second);
  await second.close();
  await page.click("button[name=logout]");
  await page.waitForURL(`${site.origin}/tokens`);
  await says("#who", /^nobody is logged in$/);
});

test("who says no at the provider is told so here", async () => {
  await press("Log in");
  await page.waitForURL(`${site.idp.issuer}/**`);
  await page.click("a[href*=abort]");
  await page.waitForURL(`${site.origin}/tokens`);
  await says("#login-said", /access_denied.*ERR_LOGIN_REJECTED/);
  assert.match(await page.getAttribute("#login-said a", "href"), /#err_login_rejected$/);
  await page.waitForFunction(() => document.activeElement.id === "log-in");
});

test("no token on the page, no complaint in the console", async () => {
  assert.doesNotMatch(await page.content(), /eyJ[\w-]{8}/);
  const complaints = page.complaints.filter((text) => !text.startsWith("Failed to load resource"));
  assert.deepEqual(complaints, []);
});
