// The conformance suite in Chromium and Firefox, in a page whose content security policy allows no more than is needed.

import { after, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { servePages } from "../lib/browser.mjs";
import { startBrowser } from "./webdriver.mjs";

const folder = (path) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const headers = {
  "content-security-policy": "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'",
};
const mounts = {
  "/": '<!doctype html><script type="module" src="/suite/page.mjs"></script>',
  "/suite/": folder("tests/conformance"),
  "/vectors/": folder("tests/vectors"),
  "/pkg/": folder("pkg"),
};

const pages = await servePages(mounts, { headers });
const browsers = [];
after(async () => {
  await Promise.all(browsers.map((browser) => browser.close()));
  await pages.close();
});

// The tests' names come from the page, so the browsers start here and not in a hook; both, before the first test is declared.
async function load(name) {
  const browser = await startBrowser(name);
  browsers.push(browser);
  await browser.open(`${pages.url}/`);
  return { name, browser, titles: await browser.run("return names()") };
}
const loaded = await Promise.allSettled(["chromium", "firefox"].map(load));

for (const { value, reason } of loaded) {
  if (reason) {
    test("a browser starts and loads the page", () => Promise.reject(reason));
    continue;
  }
  const { name, browser, titles } = value;
  describe(name, () => {
    for (const [index, title] of titles.entries()) test(title, () => runInPage(browser, index));
  });
}

async function runInPage(browser, index) {
  const problem = await browser.run("return run(args[0])", index);
  if (problem) throw new Error(problem);
}
