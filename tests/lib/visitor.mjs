// Somebody who visits the playground, in Chromium or Firefox: presses, types, looks.

import assert from "node:assert/strict";
import { startBrowser } from "../browser/webdriver.mjs";

// Firefox's own words for what a page is asked to look like.
const schemes = { dark: 0, light: 1 };

/**
 * Opens a page. `run` has a function run there, `runWith` one that needs a script which the page itself would not take, `press` presses the button or link of that name, `click` what an XPath names,
 * `keys` types; `complaints` gives what the browser had to say.
 */
export async function visit(browser, site, path, { scheme = "light", width = 1280, height = 900 } = {}) {
  const hands = browser === "firefox" ? await firefox(site) : await chromium(site);
  const { run } = hands;
  const text = (selector) =>
    run((wanted) => document.querySelector(wanted)?.textContent.replace(/\s+/g, " ").trim() ?? "", selector);
  const until = async (look, isEnough, what) => {
    for (const end = Date.now() + 60_000; ; ) {
      const found = await look();
      if (isEnough(found)) return found;
      if (Date.now() > end) assert.fail(`${what}: ${found}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  const says = (selector, pattern) =>
    until(
      () => text(selector).catch(() => ""),
      (found) => pattern.test(found),
      `${selector} should match ${pattern}, says`,
    );
  return {
    browser,
    site,
    ...hands,
    text,
    until,
    says,
    /** Presses a button or a link by its name, once it can be pressed. */
    async press(name) {
      const xpath = `//*[self::button or self::a][normalize-space(.)="${name}"][not(ancestor-or-self::*[@hidden])]`;
      const isReady = (wanted) => {
        const found = document.evaluate(wanted, document, null, XPathResult.FIRST_ORDERED_NODE_TYPE).singleNodeValue;
        return found !== null && !found.disabled && found.getAttribute("aria-disabled") !== "true";
      };
      await until(() => run(isReady, xpath).catch(() => false), Boolean, `${name} is not to be pressed`);
      await hands.click(xpath);
    },
    /** What has the focus: its id, or what it is. */
    focus: () =>
      run(() => {
        const { id, className, tagName } = document.activeElement;
        return id || className || tagName;
      }),
    at: (prefix) => until(hands.url, (url) => url.startsWith(prefix), `the address should begin with ${prefix}, is`),
  };

  async function chromium() {
    const page = await site.open({ path, viewport: { width, height }, colorScheme: scheme });
    const call = (work, ...values) => page.evaluate(`(${work})(...${JSON.stringify(values)})`);
    return {
      page,
      run: call,
      runWith: async (source, work) => {
        await page.evaluate(source);
        return call(work);
      },
      click: (xpath) => page.locator(`xpath=${xpath}`).first().click(),
      keys: (typed) => page.keyboard.type(typed),
      url: async () => page.url(),
      complaints: async () => page.complaints,
      close: () => page.context().close(),
    };
  }

  async function firefox() {
    const preferences = { "layout.css.prefers-color-scheme.content-override": schemes[scheme] };
    const driver = await startBrowser("firefox", { preferences });
    await driver.resize(width, height);
    await driver.open(site.origin + path);
    const call = (work, ...values) => driver.run(`return (${work})(...args)`, ...values);
    // A driver gives no console, and what its scripts keep is not theirs for long: the document keeps the complaints.
    await call(() => {
      const keep = (words) => {
        document.body.dataset.complaints = `${document.body.dataset.complaints ?? ""}${words}\n`;
      };
      addEventListener("error", ({ message }) => keep(message));
      addEventListener("unhandledrejection", ({ reason }) => keep(String(reason)));
      addEventListener("securitypolicyviolation", ({ violatedDirective }) => keep(violatedDirective));
    });
    return {
      run: call,
      runWith: (source, work) => driver.run(`${source}\nreturn (${work})()`),
      // What is in sight may yet lie under the log's bar, which the driver does not see.
      click: async (xpath) => {
        await call((wanted) => {
          const found = document.evaluate(wanted, document, null, XPathResult.FIRST_ORDERED_NODE_TYPE).singleNodeValue;
          found?.scrollIntoView({ block: "center" });
        }, xpath);
        await driver.click(xpath);
      },
      keys: driver.type,
      url: driver.url,
      complaints: () => call(() => (document.body.dataset.complaints ?? "").split("\n").filter(Boolean)),
      close: driver.close,
    };
  }
}
