// Pages in real browsers: what they show, or why they show nothing.

import { startBrowser } from "../../browser/webdriver.mjs";
import { bounded } from "../../lib/bounded.mjs";
import { launchChromium } from "../../lib/browser.mjs";

const PATIENCE = 60_000;

/** The browsers of a run, each started when it is first needed. `look(url)` gives what the page shows. */
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
      for (const browser of started.values()) await (await browser).close();
    },
  };
}

async function lookInChromium(browser, url) {
  const context = await browser.newContext();
  const complaints = [];
  try {
    const page = await context.newPage();
    const broken = new Promise((resolve) => {
      page.on("pageerror", (error) => resolve(`page error: ${error.message}`));
    });
    page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
    page.on("requestfailed", (request) => complaints.push(`${request.url()}: ${request.failure()?.errorText}`));
    page.on("response", (response) => response.ok() || complaints.push(`${response.url()}: ${response.status()}`));
    await page.goto(url, { waitUntil: "commit" });
    const shown = page
      .waitForFunction(() => document.documentElement?.dataset.arcgate, undefined, { timeout: PATIENCE })
      .then(
        (handle) => handle.jsonValue(),
        (error) => `the page shows nothing: ${error.message.split("\n", 1)[0]}`,
      );
    const line = await Promise.race([shown, broken]);
    return line.startsWith("user-") ? line : [line, ...complaints].join("\n  ");
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
  return bounded(shown, "word from the page", PATIENCE).catch((error) => `the page shows nothing: ${error.message}`);
}
