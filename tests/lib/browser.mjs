// Chromium for tests, by Playwright, and a server for the pages that it loads. Nothing else starts Playwright's browsers: one that is
// lost before a test has it is started again.

import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { chromium } from "playwright-core";
import { startAnew } from "../../scripts/setup/anew.mjs";
import { browsers, isBrowsersAccident } from "../../scripts/setup/browsers.mjs";
import { bounded } from "./bounded.mjs";
import { chromiumFlags } from "./chromium-flags.mjs";

// So long a browser may take until it answers: on a machine that has much else to do, too.
const PATIENCE = 60_000;

/** Starts the system's Chromium. */
export function launchChromium(options = {}) {
  return begun(async () => {
    const given = { ...usual(), ...options };
    const browser = await chromium.launch(given);
    return shown(browser, () => browser.newPage(), given);
  });
}

/** Starts it with a profile of its own, as a context that stays: what extensions need. `args` are added to the usual ones. */
export function launchWithProfile(profile, { args = [], ...options } = {}) {
  return begun(async () => {
    const given = usual();
    const context = await chromium.launchPersistentContext(profile, {
      ...given,
      ...options,
      args: [...given.args, ...args],
    });
    return shown(context, () => context.newPage(), given);
  });
}

const usual = () => ({ executablePath: browsers().chromium, args: chromiumFlags, timeout: PATIENCE });

const begun = (begin) => startAnew("Chromium", begin, { isPassing: isBrowsersAccident });

// It may answer and die when it is to show something, with or without a word: it is there once an empty page was.
async function shown(browser, open, { timeout }) {
  try {
    const page = open();
    page.catch(() => {});
    await (await bounded(page, "an empty page", timeout)).close();
    return browser;
  } catch (error) {
    await browser.close().catch(() => {});
    throw error;
  }
}

const types = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".css": "text/css",
  ".json": "application/json",
  ".svg": "image/svg+xml",
  ".wasm": "application/wasm",
};

/**
 * Serves folders on loopback: `{ "/": "www", "/pkg/": "pkg" }`, the longest prefix first. A string value that
 * begins with "<" is a page's own text. `headers` go with every answer, a content security policy, say. `asked` collects the paths
 * that were asked for.
 */
export async function servePages(mounts, { headers = {} } = {}) {
  const prefixes = Object.keys(mounts).sort((a, b) => b.length - a.length);
  const asked = [];
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url, "http://localhost");
    asked.push(pathname);
    const prefix = prefixes.find((candidate) => pathname.startsWith(candidate));
    try {
      const place = mounts[prefix];
      if (place.startsWith("<"))
        return void response.writeHead(200, { "content-type": types[".html"], ...headers }).end(place);
      const rest = normalize(`/${pathname.slice(prefix.length)}`);
      const file = join(place, rest.endsWith("/") ? `${rest}index.html` : rest);
      const bytes = await readFile(file);
      response.writeHead(200, { "content-type": types[extname(file)] ?? "application/octet-stream", ...headers });
      response.end(bytes);
    } catch {
      response.writeHead(404).end("not found");
    }
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const close = () => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  };
  return { url: `http://127.0.0.1:${server.address().port}`, asked, close };
}
