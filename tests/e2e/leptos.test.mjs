// The page in Leptos, as it is written, built as its author would.

import assert from "node:assert/strict";
import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { root } from "../../scripts/setup/cache.mjs";
import { endGroup, startGroup } from "../../scripts/setup/processes.mjs";
import { launchChromium } from "../lib/browser.mjs";
import { bindgen, rustConsumer } from "../lib/rust-consumer.mjs";
import { freePort, startBoth } from "../lib/worker.mjs";

// Its wasm is bound and loaded many times faster than without any optimization.
const env = { CARGO_PROFILE_DEV_OPT_LEVEL: "1" };

describe("leptos", { timeout: 900_000 }, () => {
  let crate;
  let both;
  let server;
  let browser;
  let origin;

  before(async () => {
    crate = await rustConsumer({ folder: "examples/leptos", env });
    await bindgen(await crate.build("arcgate-example-leptos"), join(crate.place, "dist"), {
      to: "web",
      name: "page",
      env: crate.env,
    });
    mkdirSync(join(crate.place, "node_modules"), { recursive: true });
    symlinkSync(join(root, "pkg"), join(crate.place, "node_modules/arcgate"));
    const port = await freePort();
    origin = `http://127.0.0.1:${port}`;
    both = await startBoth();
    const variables = { ISSUER: both.idp.issuer, GATE: both.origin, PORT: String(port) };
    server = await started(crate.place, variables);
    browser = await launchChromium();
  });
  after(async () => {
    await Promise.all([browser?.close(), server && endGroup(server), both?.close()]);
    crate?.remove();
  });

  const open = async (prepare = () => {}) => {
    const page = await (await browser.newContext()).newPage();
    page.setDefaultTimeout(20_000);
    const seen = { complaints: [], asked: [] };
    page.on("pageerror", (error) => seen.complaints.push(String(error)));
    page.on("console", (message) => message.type() === "error" && seen.complaints.push(message.text()));
    page.on("request", (request) => seen.asked.push(new URL(request.url()).pathname));
    await prepare(page);
    await page.goto(`${origin}/`);
    return Object.assign(page, seen);
  };
  const press = (page, name) => page.getByRole("button", { name, exact: true }).click();

  test("one token, verified by the provider's keys, for an API and an agent", async () => {
    const page = await open();
    await page.getByText("principal", { exact: true }).waitFor();
    await page.getByText("arc.agent.caller arc.task.controller").waitFor();
    await press(page, "Ask the server");
    await page.getByText("The server knows demo").waitFor();
    const steps = await watched(page, "progress");
    await press(page, "Count to 5");
    await page.getByText("Counted to 5").waitFor();
    const seen = await steps();
    assert.ok(seen.length > 1, "each event is shown when it comes");
    assert.deepEqual(seen, [...new Set(seen)].sort());
    assert.equal(page.asked.filter((path) => path === "/session/token").length, 1);
    assert.equal(page.asked.filter((path) => path === "/jwks").length, 1);
    assert.deepEqual(page.complaints, []);
    await page.close();
  });

  test("a server that gives no token is a code and what to do, and trying again helps", async () => {
    let isOut = true;
    const page = await open(async (page) => {
      await page.clock.install();
      await page.route("**/session/token*", (route) => (isOut ? route.fulfill({ status: 503 }) : route.continue()));
    });
    const alert = page.getByRole("alert");
    await alert.getByText("ERR_REFRESH_UNAVAILABLE").waitFor();
    await alert.getByText("Wait a moment, and try again.").waitFor();
    isOut = false;
    // The manager leaves a source that failed alone for a while.
    await page.clock.fastForward(60_000);
    await press(page, "Try again");
    await page.getByText("arc.agent.caller").waitFor();
    await page.close();
  });

  test("a token that the API refuses is replaced, once", async () => {
    let refused = 0;
    const page = await open((page) =>
      page.route("**/api/me", (route) => {
        refused += 1;
        return refused === 1 ? route.fulfill({ status: 401 }) : route.continue();
      }),
    );
    await press(page, "Ask the server");
    await page.getByText("The server knows demo").waitFor();
    assert.equal(page.asked.filter((path) => path === "/session/token").length, 2);
    assert.equal(refused, 2);
    await page.close();
  });
});

// What values an element has had from now on, however short a time it is there.
async function watched(page, selector) {
  await page.evaluate((wanted) => {
    globalThis.seen = [];
    const look = () => {
      const value = document.querySelector(wanted)?.value;
      if (value !== undefined && globalThis.seen.at(-1) !== value) globalThis.seen.push(value);
    };
    const everything = { subtree: true, childList: true, attributes: true, characterData: true };
    new MutationObserver(look).observe(document.body, everything);
  }, selector);
  return () => page.evaluate(() => globalThis.seen);
}

// The page's own server, when it listens.
function started(cwd, variables) {
  return new Promise((resolve, reject) => {
    const server = startGroup(process.execPath, ["server.js"], {
      cwd,
      env: variables,
      onLine: (line) => line.startsWith("http://") && resolve(server),
    });
    server.ended.then(({ code }) => reject(new Error(`the server ended with ${code}`)));
  });
}
