// Pages in real browsers: what they show, or why they show nothing.

import { startBrowser } from "../../browser/webdriver.mjs";
import { bounded } from "../../lib/bounded.mjs";
import { launchChromium } from "../../lib/browser.mjs";

// A server for development compiles when it is first asked.
const PATIENCE = 120_000;

/**
 * The browsers of a run, each started when it is first needed. `look(url)` gives what the page shows, and in Chromium what the
 * console and the network said of errors and warnings.
 */
export function openBrowsers() {
  const started = new Map();
  const start = (name, begin) => {
    if (!started.has(name)) started.set(name, begin());
    return started.get(name);
  };
  return {
    look: async (url, { browser = "chromium" } = {}) =>
      browser === "firefox"
        ? lookInFirefox(await start(browser, () => startBrowser(browser)), url)
        : lookInChromium(await start(browser, () => launchChromium()), url),
    async close() {
      // One that never started has been told of.
      for (const browser of await Promise.allSettled(started.values())) await browser.value?.close();
    },
  };
}

async function lookInChromium(browser, url) {
  const context = await browser.newContext();
  const complaints = [];
  // Nobody's page has an icon.
  const complain = (text, about) => about.endsWith("/favicon.ico") || complaints.push(text);
  try {
    const page = await context.newPage();
    const broken = new Promise((resolve) => {
      page.on("pageerror", (error) => resolve(`page error: ${error.message}`));
    });
    page.on("console", (message) => {
      if (["error", "warning"].includes(message.type())) complain(message.text(), message.location().url);
    });
    page.on("requestfailed", (request) => complain(`${request.url()}: ${request.failure()?.errorText}`, request.url()));
    page.on("response", (response) => {
      if (response.status() >= 400) complain(`${response.url()}: ${response.status()}`, response.url());
    });
    await page.goto(url, { waitUntil: "commit", timeout: PATIENCE });
    const shown = page
      .waitForFunction(() => document.documentElement?.dataset.arcgate, undefined, { timeout: PATIENCE })
      .then(
        (handle) => handle.jsonValue(),
        (error) => `the page shows nothing: ${error.message.split("\n", 1)[0]}`,
      );
    return { line: await Promise.race([shown, broken]), complaints };
  } finally {
    await context.close();
  }
}

async function lookInFirefox(browser, url) {
  await browser.open(url);
  const shown = browser.run(`
    const root = document.documentElement;
    if (!root.dataset.arcgate)
      await new Promise((resolve) => new MutationObserver(() => root.dataset.arcgate && resolve())
        .observe(root, { attributes: true }));
    return root.dataset.arcgate;`);
  const line = await bounded(shown, "word from the page", PATIENCE).catch(({ message }) => `nothing: ${message}`);
  return { line, complaints: [] };
}
