// The code that the playground's steps show is code that works: what Copy gives is run, in Node and in a page, against the Worker
// and the provider that it names.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { startPlayground } from "../lib/playground.mjs";
import { logIn } from "../lib/playground-states.mjs";
import { visit } from "../lib/visitor.mjs";

const run = promisify(execFile);
const paths = ["/", "/tokens", "/session"];
const code = {};
let site;
let folder;

before(async () => {
  site = await startPlayground();
  // A project of somebody who has installed the package.
  folder = mkdtempSync(join(tmpdir(), "arcgate-copied-"));
  mkdirSync(join(folder, "node_modules"));
  symlinkSync(fileURLToPath(new URL("../../pkg", import.meta.url)), join(folder, "node_modules/arcgate"));
});

after(() => {
  rmSync(folder, { recursive: true, force: true });
  return site?.close();
});

/** Runs copied code as a module of that project; gives what it tells at its end. */
async function inNode(...parts) {
  const file = join(folder, "index.mjs");
  writeFileSync(file, parts.join("\n"));
  const { stdout } = await run(process.execPath, [file], { cwd: folder, timeout: 120_000 });
  return stdout.trim().split("\n");
}

const tell = (what) => `console.log(JSON.stringify(${what}));`;

for (const path of paths) {
  test(`${path}: Copy gives what is shown, with the addresses of this playground`, async () => {
    const page = await site.open({ path, permissions: ["clipboard-read", "clipboard-write"] });
    await page.waitForFunction(() => /s$/.test(document.getElementById("ready").textContent));
    await page.evaluate(() => {
      for (const fold of document.querySelectorAll('.fold[aria-expanded="false"]')) fold.click();
      for (const details of document.querySelectorAll("details")) details.open = true;
    });
    assert.deepEqual(await page.$$eval(".step", (steps) => steps.filter((step) => !step.querySelector(".code"))), []);
    for (const figure of await page.$$("figure.code")) {
      const shown = await figure.$eval("code", ({ id, textContent }) => [id, textContent]);
      await (await figure.$("button")).click();
      await page.waitForFunction(() => document.getElementById("spoken").textContent === "The code is copied.");
      assert.equal(await page.evaluate(() => navigator.clipboard.readText()), shown[1]);
      assert.doesNotMatch(shown[1], /:(9000|8787)\b/);
      code[shown[0]] = shown[1];
      await page.waitForFunction(() => document.getElementById("spoken").textContent === "");
    }
    assert.deepEqual(page.complaints, []);
    await page.context().close();
  });
}

test("a token got, verified, and an agent called", async () => {
  const told = await inNode(
    code["get-code"],
    code["verify-code"],
    code["call-code"],
    tell("[principal.id, task.status]"),
  );
  assert.deepEqual(told, ['["demo","COMPLETED"]']);
});

test("a session opened, a job run in it, followed in another, and listed", async () => {
  const told = await inNode(
    code["tokens-code"],
    code["connect-code"].replace(/^import.*/, 'import { ArcpClient } from "arcgate/client";'),
    code["job-code"].replace("delayMs: 60", "delayMs: 1"),
    code["others-code"],
    code["restart-code"],
    'await Promise.all([client.close("done"), second.close("done")]);',
  );
  assert.match(told[119], /current: 120, total: 120/);
  assert.equal(told[120], "120");
  assert.deepEqual(told.slice(121, 241), told.slice(0, 120), "the second session has the same events");
  assert.match(told[241], /^job_\w+ success$/);
});

test("a session that says what happens to it", async () => {
  const told = await inNode(code["tokens-code"], code["cut-code"], 'await client.close("done");');
  assert.deepEqual(told, ["connecting", "open", "closed"]);
});

test("a person logged in, tokens of theirs, and their end", async () => {
  const [source, begin, complete] = code["login-code"].split(/\/\/ When .*\n/);
  const script = `${source}
    if (!new URL(location.href).searchParams.has("state")) { ${begin} } else {
      ${complete}
      ${code["life-code"]}
      document.title = tokens.claims.sub + (await tokens.getToken() !== token);
      document.body.addEventListener("keydown", async () => {
        ${code["share-code"]}
      });
    }`;
  const user = await visit("chromium", site, "/session");
  // In the place of the page's own script, of which the content security policy says that it may run.
  await user.page.route("**/app/tokens.js", (route) => route.fulfill({ contentType: "text/javascript", body: script }));
  const press = () => user.page.goto(`${site.origin}/tokens`).catch(() => {});
  await logIn({ ...user, press });
  await user.page.waitForFunction(() => document.title === "alicetrue");
  await user.page.keyboard.press("Enter");
  await user.page.waitForURL(`${site.idp.issuer}/session/end**`);
  await user.close();
});
