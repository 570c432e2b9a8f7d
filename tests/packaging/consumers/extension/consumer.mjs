// An extension of Chromium (manifest version 3): a page of its own, and its service worker.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { launchWithProfile } from "../../../lib/browser.mjs";
import { works } from "../../harness/fixture.mjs";

// What a page of the extension shows, of which the manifest has these entries beside the usual.
async function shown({ project, exec, write, atEnd }, script, more) {
  await exec(["esbuild", "app/page.js", "app/worker.js", "app/asks.js", "--bundle", "--format=esm", "--outdir=dist"]);
  const background = { service_worker: "worker.js", type: "module" };
  write(
    "dist/manifest.json",
    JSON.stringify({ manifest_version: 3, name: "Consumer", version: "1", background, ...more }),
  );
  write("dist/page.html", `<!doctype html><body></body><script type="module" src="${script}"></script>`);
  const profile = mkdtempSync(join(tmpdir(), "arcgate-extension-"));
  atEnd(() => rmSync(profile, { recursive: true, force: true }));
  const dist = join(project, "dist");
  const context = await launchWithProfile(profile, {
    // Playwright's own way without a window knows no extensions.
    headless: false,
    args: ["--headless=new", `--disable-extensions-except=${dist}`, `--load-extension=${dist}`],
  });
  atEnd(() => context.close());
  const worker = context.serviceWorkers()[0] ?? (await context.waitForEvent("serviceworker"));
  const page = await context.newPage();
  await page.goto(new URL("page.html", worker.url()).href);
  return (await page.waitForFunction(() => document.documentElement.dataset.arcgate)).jsonValue();
}

const manifest = (kit) => JSON.parse(kit.documented("Extensions"));

export default {
  name: "an extension",
  ways: {
    page: (kit) => shown(kit, "page.js", manifest(kit)),
    "service worker": (kit) => shown(kit, "asks.js", manifest(kit)),
    async "a page without the line"(kit) {
      const line = await shown(kit, "page.js", {});
      assert.match(line, /docs\/bundlers\.md#content-security-policy/);
      return works;
    },
  },
};
