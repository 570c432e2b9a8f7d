// The playground as `npm start` serves it, in Chromium: whatever its console complains about is kept.

import { playground } from "../../scripts/start/playground.mjs";
import { launchChromium } from "./browser.mjs";
import { freePort, startBoth } from "./worker.mjs";

/** Starts Worker, provider and browser. `open` gives a page, once it is ready to be used. `variables` are the Worker's. */
export async function startPlayground({ variables = {} } = {}) {
  const [port, idpPort] = [await freePort(), await freePort()];
  const settings = { issuer: `http://127.0.0.1:${idpPort}`, origin: `http://127.0.0.1:${port}` };
  const PLAYGROUND = playground(settings);
  const both = await startBoth({ port, idp: { port: idpPort }, variables: { PLAYGROUND, ...variables } });
  const browser = await launchChromium();
  return {
    ...both,
    browser,
    open: (options) => open(browser, both.origin, options),
    close: async () => void (await Promise.all([browser.close(), both.close()])),
  };
}

async function open(browser, origin, { prepare, path = "/", ...options } = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  const page = await context.newPage();
  const complaints = [];
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("console", (message) => {
    if (!["error", "warning"].includes(message.type())) return;
    complaints.push(`${message.text()} ${new URL(message.location().url || origin).pathname}`);
  });
  await page.exposeFunction("complain", (text) => complaints.push(text));
  await page.addInitScript(() => {
    addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) =>
      globalThis.complain(`content security policy: ${violatedDirective} ${blockedURI}`),
    );
  });
  await prepare?.(page);
  await page.goto(origin + path);
  return Object.assign(page, { complaints });
}
