// The examples, as they are written.

import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { build, createServer, preview } from "vite";
import { run } from "../../scripts/setup/processes.mjs";
import { launchChromium } from "../lib/browser.mjs";
import { exampleFolder } from "../lib/examples.mjs";
import { freePort, startBoth, startIdp, startWrangler } from "../lib/worker.mjs";

test("node-script: asks an agent behind the gate with client credentials", async () => {
  const { folder, remove } = exampleFolder("node-script");
  const both = await startBoth();
  try {
    const script = (env) =>
      run(process.execPath, ["index.mjs"], {
        cwd: folder,
        env: { ISSUER: both.idp.issuer, GATE: `${both.origin}/arc`, ...env },
      });
    const { code, stdout, output } = await script();
    assert.equal(code, 0, output);
    assert.deepEqual(stdout.trim().split("\n"), ["COMPLETED hello", "and again"]);
    const refused = await script({ CLIENT_SECRET: "hunter2" });
    assert.equal(refused.code, 1);
    assert.match(refused.output, /ERR_REFRESH_REJECTED.*invalid_client/);
    assert.doesNotMatch(refused.output, /hunter2/);
  } finally {
    await both.close();
    remove();
  }
});

test("node-script: runs a job over a session", async () => {
  const { folder, remove } = exampleFolder("node-script");
  const both = await startBoth();
  try {
    const script = (env) =>
      run(process.execPath, ["session.mjs"], {
        cwd: folder,
        env: { ISSUER: both.idp.issuer, GATE: `${both.origin}/arcp`, ...env },
      });
    const { code, stdout, output } = await script();
    assert.equal(code, 0, output);
    assert.deepEqual(stdout.trim().split("\n"), ["1 of 3", "2 of 3", "3 of 3", "result: 3"]);
    const refused = await script({ CLIENT_SECRET: "hunter2" });
    assert.equal(refused.code, 1);
    assert.match(refused.output, /ERR_REFRESH_REJECTED.*invalid_client/);
  } finally {
    await both.close();
    remove();
  }
});

test("cron-worker: a run on the cron calls the other Worker's agent; a cold isolate buys no new token", async () => {
  const idp = await startIdp();
  const { folder, remove } = exampleFolder("cron-worker", { replace: { "http://127.0.0.1:9000": idp.issuer } });
  const config = ["caller", "reports"].map((name) => join(folder, name, "wrangler.toml"));
  const options = { config, cwd: folder, persistTo: join(folder, "state"), ready: "/" };
  try {
    for (const isFirst of [true, false]) {
      const worker = await startWrangler({ CLIENT_SECRET: "demo-secret" }, options);
      try {
        const latest = async () => (await fetch(worker.url)).json();
        const before = await latest();
        assert.equal(before === null, isFirst);
        for (let time = 0; time < 2; time += 1) {
          const response = await fetch(`${worker.url}/cdn-cgi/handler/scheduled`);
          assert.equal(await response.text(), "ok", worker.log.join("\n"));
        }
        const task = await latest();
        assert.equal(task.status, "COMPLETED");
        assert.notEqual(task.taskId, before?.taskId);
        assert.match(task.messages.at(-1).parts[0].content, /^All is well: .*yesterday/);
      } finally {
        await worker.close();
      }
    }
    assert.equal(idp.tokens.count, 1, "four runs, two isolates, one token");
  } finally {
    await idp.close();
    remove();
  }
});

// React runs effects twice in development only; a build shows that a bundler is content.
for (const mode of ["development", "production"]) {
  describe(`react, under StrictMode, in ${mode}`, () => {
    let both;
    let browser;
    let example;
    let site;
    let origin;

    before(async () => {
      const port = await freePort();
      origin = `http://127.0.0.1:${port}`;
      both = await startBoth({ idp: { origins: [origin] } });
      example = exampleFolder("react", { replace: { "http://127.0.0.1:9000": both.idp.issuer } });
      process.env.GATE = both.origin;
      const options = { root: example.folder, logLevel: "error" };
      const listening = { port, strictPort: true };
      if (mode === "development") {
        site = await createServer({ ...options, server: listening });
        await site.listen();
      } else {
        await build(options);
        site = await preview({ ...options, preview: listening });
      }
      browser = await launchChromium();
    });
    after(async () => {
      delete process.env.GATE;
      await Promise.all([browser?.close(), site?.close(), both?.close()]);
      example?.remove();
    });

    const open = async (path) => {
      const page = await (await browser.newContext()).newPage();
      page.setDefaultTimeout(20_000);
      const seen = { complaints: [], bearers: [], fetched: [] };
      page.on("pageerror", (error) => seen.complaints.push(String(error)));
      page.on("console", (message) => {
        const { url } = message.location();
        if (message.type() !== "error" || !url.startsWith(origin) || url.endsWith("/favicon.ico")) return;
        seen.complaints.push(message.text());
      });
      page.on("request", (request) => {
        seen.fetched.push(new URL(request.url()).pathname);
        if (request.url().endsWith("/arc")) seen.bearers.push(request.headers().authorization);
      });
      await page.goto(`${origin}${path}`);
      return Object.assign(page, seen);
    };

    test("a function of yours gives the tokens: ten components ask it once", async () => {
      const page = await open("/callback-source.html");
      for (let index = 0; index < 10; index += 1) await page.getByText(`question ${index}`).waitFor();
      assert.equal(page.fetched.filter((path) => path === "/session/token").length, 1);
      assert.equal(new Set(page.bearers).size, 1);
      // What the first effect asked was given up with it, before or after it was sent.
      assert.ok(page.bearers.length >= 10 && page.bearers.length <= 20, `${page.bearers.length} calls`);
      assert.deepEqual(page.complaints, []);
      await page.close();
    });

    test("a login: effects that run twice cost one request, a reload none, and a logout ends it", async () => {
      const before = both.idp.tokens.count;
      const page = await open("/");
      const press = (name) => page.getByRole("button", { name, exact: true }).click();
      await press("Log in");
      await page.locator("[name=login]").fill("alice");
      await page.locator("[name=password]").fill("any");
      await page.locator("[type=submit]").click();
      await page.getByRole("button", { name: "Continue" }).click();
      await page.getByText("Logged in as alice").waitFor();
      assert.equal(new URL(page.url()).search, "", "the code has left the address bar");
      assert.equal(both.idp.tokens.count - before, 1);
      const pressAll = async () => {
        await press("Ask the server");
        await page.getByText("The server knows alice").waitFor();
        await press("Ask the agent");
        await page.getByText("hello from React").waitFor();
        await press("Count");
        await page.getByText("counted to 3").waitFor();
      };
      await pressAll();
      await page.reload();
      await page.getByText("Logged in as alice").waitFor();
      await pressAll();
      const beside = await page.context().newPage();
      await beside.goto(`${origin}/`);
      await beside.getByText("Logged in as alice. The token is valid").waitFor();
      assert.equal(both.idp.tokens.count - before, 1);
      assert.equal(new Set(page.bearers).size, 1);
      await press("Log out");
      await beside.getByRole("button", { name: "Log in" }).waitFor();
      await beside.close();
      await page.getByRole("button", { name: /yes/i }).click();
      await page.waitForURL(`${origin}/**`);
      await page.getByRole("button", { name: "Log in" }).waitFor();
      assert.deepEqual(page.complaints, []);
      await page.close();
    });
  });
}
