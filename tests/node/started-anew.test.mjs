// What is lost while it starts is started again; what fails for good, or later, is not.

import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { isServersAccident, startAnew } from "../../scripts/setup/anew.mjs";
import { browsers } from "../../scripts/setup/browsers.mjs";
import { Stop } from "../../scripts/setup/steps.mjs";
import { freePort, isFree } from "../../scripts/start/ports.mjs";
import { neverBegan, startedAnew } from "../../scripts/test/report.mjs";
import { runBegun } from "../../scripts/test/watched.mjs";
import { startBrowser } from "../browser/webdriver.mjs";
import { launchChromium } from "../lib/browser.mjs";

let folder;
before(() => {
  folder = mkdtempSync(join(tmpdir(), "arcgate-anew-"));
});
after(() => rmSync(folder, { recursive: true, force: true }));

// A program that does `first` the first time, and `then` from then on. `times` counts.
function fake(name, first, then) {
  const file = join(folder, name);
  const text = `#!/bin/sh\necho >> "${file}.times"\nif [ $(wc -l < "${file}.times") -eq 1 ]; then\n  ${first}\nfi\n${then}\n`;
  writeFileSync(file, text, { mode: 0o755 });
  return file;
}

// A browser is ended with its test, however that ends: one that is left keeps the file from its end.
const ended = (t, [browser, again]) => {
  t.after(() => browser.close?.());
  return [browser, again];
};

// What is said on standard error meanwhile.
async function heard(work) {
  const { write } = process.stderr;
  let said = "";
  process.stderr.write = (text) => {
    said += text;
    return true;
  };
  try {
    return [await work().catch((error) => error), startedAnew(said)];
  } finally {
    process.stderr.write = write;
  }
}

const dies = "kill -SEGV $$";

describe("Chromium, by Playwright", () => {
  test("that dies once is started again, and it is said so", async (t) => {
    const executablePath = fake("chromium-once", dies, `exec ${browsers().chromium} "$@"`);
    const [browser, again] = ended(t, await heard(() => launchChromium({ executablePath })));
    assert.equal(again, 1);
    assert.match(browser.version(), /^\d+/, String(browser));
  });

  test("that answers, and shows nothing, is started again", async (t) => {
    const nothing = `exec ${browsers().chromium} --no-zygote --renderer-cmd-prefix=/bin/false "$@"`;
    const executablePath = fake("chromium-blank", nothing, `exec ${browsers().chromium} "$@"`);
    const [browser, again] = ended(t, await heard(() => launchChromium({ executablePath, timeout: 20_000 })));
    assert.ok(again >= 1);
    assert.match(browser.version(), /^\d+/, String(browser));
  });

  test("that dies each time is an error in the end, with what it died of", async () => {
    const [error, again] = await heard(() => launchChromium({ executablePath: fake("chromium-never", ":", dies) }));
    assert.equal(again, 2);
    assert.match(error.message, /signal=SIGSEGV/);
  });

  test("that never answers is given up, too", async () => {
    const executablePath = fake("chromium-silent", ":", "exec sleep 600");
    const [error, again] = await heard(() => launchChromium({ executablePath, timeout: 200 }));
    assert.equal(again, 2);
    assert.match(error.message, /Timeout 200ms exceeded/);
  });

  test("that isn't there is not tried twice", async () => {
    const [error, again] = await heard(() => launchChromium({ executablePath: join(folder, "nothing") }));
    assert.equal(again, 0);
    assert.match(error.message, /nothing/);
  });
});

for (const name of ["chromium", "firefox"]) {
  const { chromium, chromedriver, firefox, geckodriver } = browsers();
  const [driver, binary] = name === "chromium" ? [chromedriver, chromium] : [geckodriver, firefox];
  describe(`${name}, by its driver`, () => {
    test("a driver that dies once is started again", async (t) => {
      const program = fake(`${name}-driver`, dies, `exec ${driver} "$@"`);
      const [browser, again] = ended(t, await heard(() => startBrowser(name, { program })));
      assert.deepEqual([again, browser.name], [1, name], String(browser));
      assert.equal(await browser.run("return 1 + 1"), 2);
    });

    test("a browser that dies once is started again", async (t) => {
      // Geckodriver asks for the version first.
      const starts = `case "$1" in *-version) rm "$0.times";; *) ${dies};; esac`;
      const program = fake(`${name}-binary`, starts, `exec ${binary} "$@"`);
      const [browser, again] = ended(t, await heard(() => startBrowser(name, { binary: program })));
      assert.deepEqual([again, browser.name], [1, name], String(browser));
      assert.equal(await browser.run("return 1 + 1"), 2);
    });

    test("a driver that never says a word is given up", async () => {
      const program = fake(`${name}-silent`, ":", "exec sleep 600");
      const [error, again] = await heard(() => startBrowser(name, { program, patienceMs: 200 }));
      assert.equal(again, 2);
      assert.match(error.message, /no word from .* within 200 ms/);
    });
  });
}

test("what came after the start is never repeated", async () => {
  let starts = 0;
  const [error, again] = await heard(async () => {
    const browser = await launchChromium({ executablePath: fake("counted", ":", `exec ${browsers().chromium} "$@"`) });
    starts += 1;
    const page = await browser.newPage();
    await page.evaluate("throw new Error('the page')").finally(() => browser.close());
  });
  assert.deepEqual([starts, again], [1, 0]);
  assert.match(error.message, /the page/);
});

test("a server is started again for a port that was taken, and for nothing that it would say again", async () => {
  const tried = async (message) => {
    let times = 0;
    const begin = () => {
      times += 1;
      throw new Stop(message);
    };
    await startAnew("it", begin, { isPassing: isServersAccident, say: () => {} }).catch(() => {});
    return times;
  };
  assert.equal(await tried("did not start (exit code 1):\nbind(): Address already in use"), 3);
  assert.equal(await tried("did not start (exit code 1):\n*** Received signal #11: Segmentation fault"), 3);
  assert.equal(await tried("did not start (exit code 1):\nconfig.capnp:1:1: error: Parse error."), 1);
  assert.equal(await tried("did not answer in 60 s"), 1);
});

describe("ports", () => {
  test("no two are the same, and a taken one isn't given", async () => {
    const ports = await Promise.all(Array.from({ length: 1000 }, () => freePort()));
    assert.equal(new Set(ports).size, 1000);
    assert.ok(ports.every((port) => port >= 20_000 && port < 65_536));
    const server = createServer().listen(ports[0], "127.0.0.1");
    await once(server, "listening");
    assert.deepEqual([await isFree(ports[0]), await isFree(ports[1])], [false, true]);
    await new Promise((resolve) => server.close(resolve));
  });
});

describe("a suite of wasm-pack's", () => {
  const starting = "Running headless tests in Chrome on `http://127.0.0.1:1/`\nTry find `webdriver.json`\nOk\n";
  const passed = `${starting}Loading Wasm module...\n\nrunning 2 tests\ntest a ... ok\ntest b ... ok\n\ntest result: ok. 2 passed; 0 failed\n`;
  const lost = "Error: failed to create a Chrome session: session not created: Chrome instance exited.\n";

  test("is run again when its browser was lost before a test ran", () => {
    assert.ok(neverBegan(starting + lost));
    assert.ok(neverBegan(passed + starting + lost), "that of a later module");
    assert.ok(neverBegan(`${starting}Error: webdriver POST /session request failed\n`), "Firefox");
    assert.ok(
      neverBegan("Failed to start driver, trying again ...\nError: driver failed to bind port during startup\n"),
    );
  });

  test("is run again, and what it says then counts", async () => {
    const passes = `printf 'test result: ok. 2 passed; 0 failed\\n'; exit 0`;
    const fails = `printf '${starting.replaceAll("\n", "\\n").replaceAll("`", "")}${lost.replace("\n", "\\n")}'; exit 1`;
    const run = (program) => runBegun({ name: "it", neverBegan }, program, [], {});
    const [passed, again] = await heard(() => run(fake("suite-once", fails, passes)));
    assert.deepEqual([passed.code, again], [0, 1]);
    const [failed, often] = await heard(() => run(fake("suite-never", ":", fails)));
    assert.deepEqual([failed.code, often], [1, 2]);
    const [other, not] = await heard(() => runBegun({ name: "it" }, fake("suite-other", ":", fails), [], {}));
    assert.deepEqual([other.code, not], [1, 0]);
  });

  test("is what it is when tests ran, failed, or were not compiled", () => {
    assert.ok(!neverBegan(passed));
    assert.ok(!neverBegan(`${starting}running 2 tests\ntest a ... ok\n${lost}`));
    assert.ok(!neverBegan(`${starting}running 2 tests\n${lost}`));
    assert.ok(!neverBegan(`${starting}Loading Wasm module...\n${lost}`), "its page was there");
    assert.ok(!neverBegan(`${passed.replace("result: ok", "result: FAILED")}${starting}${lost}`));
    assert.ok(!neverBegan("error[E0308]: mismatched types\nerror: could not compile `arcgate`\n"));
  });
});
