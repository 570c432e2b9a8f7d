// Each state of the playground's pages, on a desk and on a phone, light and dark, in Chromium and Firefox: axe finds nothing, the
// focus is somewhere, nothing sticks out. With SCREENSHOTS=folder (npm run screenshots) Chromium's are kept, to be looked at.

import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { startPlayground } from "../lib/playground.mjs";
import { journeys, unfoldAll } from "../lib/playground-states.mjs";
import { visit } from "../lib/visitor.mjs";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const folder = process.env.SCREENSHOTS;
if (folder) mkdirSync(folder, { recursive: true });

const sizes = { desk: { width: 1280, height: 800 }, phone: { width: 375, height: 812 } };
// Firefox is no narrower than this.
const narrow = { width: 500, height: 844 };
const PHONE_HEIGHT = 1800;

const openLog = { name: "log", isAction: true, act: ({ press }) => press("Show the log") };

let site;
before(async () => {
  site = await startPlayground();
});
after(() => site?.close());

// A scheme changes colours alone: the rest of axe's rules, which take most of the time, say the same in the other one.
const ofColours = { type: "rule", values: ["color-contrast", "link-in-text-block"] };

/** What axe finds: a line each. */
const findings = ({ runWith }, rules) =>
  runWith(`${axe}\nglobalThis.rules = ${JSON.stringify(rules ?? null)};`, async () => {
    const only = globalThis.rules ? { runOnly: globalThis.rules } : {};
    const { violations } = await globalThis.axe.run(document, { resultTypes: ["violations"], ...only });
    return violations.flatMap(({ id, nodes }) =>
      nodes.map(({ target, failureSummary }) => `${id}: ${target}: ${failureSummary.replace(/\s+/g, " ")}`),
    );
  });

const sideways = ({ run }) =>
  run(() => {
    scrollTo(1000, scrollY);
    return scrollX;
  });

/** Words in the table of jobs that go over more than a line; claims are as long as they are. */
const brokenWords = ({ run }) =>
  run(() =>
    [...document.querySelectorAll("#jobs :is(td, th)")].flatMap((cell) => {
      const texts = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT);
      const broken = [];
      while (texts.nextNode()) {
        for (const { 0: word, index } of texts.currentNode.data.matchAll(/\S+/g)) {
          const range = document.createRange();
          range.setStart(texts.currentNode, index);
          range.setEnd(texts.currentNode, index + word.length);
          if (range.getClientRects().length > 1) broken.push(word);
        }
      }
      return broken;
    }),
  );

/** Requests to anybody but the Worker and the provider. */
function strangers(page) {
  const asked = [];
  page.on("request", (request) => {
    const { origin, pathname } = new URL(request.url());
    if (![site.origin, site.idp.issuer].includes(origin)) asked.push(origin + pathname);
  });
  return asked;
}

for (const [browser, size, schemes] of [
  ["chromium", "desk", ["light", "dark"]],
  ["chromium", "phone", ["light", "dark"]],
  ["firefox", "desk", ["dark"]],
  ["firefox", "phone", ["light"]],
]) {
  describe(`${browser}, ${size}, ${schemes.join(" and ")}`, () => {
    for (const path of Object.keys(journeys)) test(path, () => travel({ browser, path, size, schemes }));
  });
}

async function travel({ browser, path, size, schemes }) {
  const shape = browser === "firefox" && size === "phone" ? narrow : sizes[size];
  const visitor = await visit(browser, site, path, { scheme: schemes.at(-1), ...shape });
  const asked = browser === "chromium" ? strangers(visitor.page) : [];
  const states = size === "phone" ? [...journeys[path], openLog] : journeys[path];
  try {
    for (const [index, state] of states.entries()) {
      const where = `${path} ${state.name}`;
      await state.act(visitor);
      await look(visitor, where, { schemes, size });
      if (state.isAction) assert.notEqual(await visitor.focus(), "BODY", `${where}: the focus`);
      if (index > 0 || size === "desk") continue;
      const height = await visitor.run(() => document.documentElement.scrollHeight);
      assert.ok(height <= PHONE_HEIGHT, `${where} is ${height} pixels tall`);
    }
    assert.deepEqual(asked, []);
  } finally {
    await visitor.close();
  }
}

/** What is wrong with a state, in each scheme. */
async function look(visitor, where, { schemes, size }) {
  const { browser, page } = visitor;
  for (const [index, scheme] of schemes.entries()) {
    // Chromium's page changes its colours when it is told to, Firefox's has one scheme from the start.
    if (browser === "chromium") await page.emulateMedia({ colorScheme: scheme });
    assert.deepEqual(await findings(visitor, index > 0 ? ofColours : undefined), [], `${where}, ${scheme}`);
    if (folder && browser === "chromium")
      await shoot(page, [
        where.replace(/^\/ /, "check ").replace(/\W+/g, " ").trim().replaceAll(" ", "-"),
        size,
        scheme,
      ]);
  }
  assert.deepEqual(await brokenWords(visitor), [], `${where}: broken words`);
  assert.equal(await sideways(visitor), 0, `${where}: something sticks out`);
}

// What fails is looked at, too: no provider is named, or none answers.
for (const [path, action, outcome] of [
  ["/", "Get a token", "#get-outcome .wrong"],
  ["/tokens", "Log in", "#login-said .wrong"],
  ["/session", "Connect", "#connect-outcome .wrong"],
]) {
  test(`${path}, where something is wrong`, async () => {
    const visitor = await visit("chromium", site, path, sizes.phone);
    const { page, press } = visitor;
    const kind = { schemes: ["light", "dark"], size: "phone" };
    await visitor.says("#ready", /s$/);
    await page.route(`${site.idp.issuer}/**`, (route) => route.abort());
    await press(action);
    await page.waitForSelector(outcome);
    await look(visitor, `${path} unreachable`, kind);
    assert.notEqual(await visitor.focus(), "BODY");
    await page.route("**/playground.json", (route) => route.fulfill({ status: 404 }));
    await page.reload();
    await visitor.says("#notice", /names no provider/);
    await look(visitor, `${path} alone`, kind);
    await visitor.close();
  });
}

// A page at 400 % on a desk is as narrow as this (WCAG 1.4.10).
for (const path of Object.keys(journeys)) {
  test(`${path}, 320 pixels wide: nothing sticks out`, async () => {
    const visitor = await visit("chromium", site, path, { width: 320, height: 640 });
    await visitor.says("#ready", /s$/);
    assert.equal(await sideways(visitor), 0, "folded");
    const rows = await visitor.run(() => {
      // As wide as the widest of the fonts that a system may have.
      document.querySelector(".pages").style.letterSpacing = "0.1em";
      return new Set([...document.querySelectorAll(".pages a")].map((link) => link.getBoundingClientRect().top)).size;
    });
    assert.equal(rows, 1, "the pages' names stand in a row");
    await unfoldAll(visitor);
    assert.equal(await sideways(visitor), 0, "unfolded");
    await visitor.close();
  });
}

for (const [path, script] of [
  ["/", "app/verify.js"],
  ["/tokens", "app/tokens.js"],
  ["/session", "app/arcp/job.js"],
]) {
  test(`${path}, whose own script doesn't come, says so`, async () => {
    const page = await site.open({
      path,
      viewport: sizes.phone,
      prepare: (prepared) => prepared.route(`**/${script}`, (route) => route.abort()),
    });
    await page.waitForSelector("#notice .late:visible");
    assert.match(await page.textContent("#notice"), /npm start/);
    await page.context().close();
  });
}

// The whole page, and what of it is seen at once.
async function shoot(page, parts) {
  const path = join(folder, parts.join("-"));
  await page.screenshot({ path: `${path}.png`, fullPage: true });
  await page.screenshot({ path: `${path}-view.png` });
}
