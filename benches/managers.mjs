// TokenManager beside oidc-client-ts and auth0-spa-js, in Chromium: what a call costs when the token is valid, and how many
// requests for tokens are sent. Where time must pass it is the page's clock that is set.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { root } from "../scripts/setup/cache.mjs";
import { launchChromium } from "../tests/lib/browser.mjs";
import { startEndpoint } from "./managers-endpoint.mjs";
import { median, spread } from "./measure.mjs";
import { shareOf, sizes } from "./size.mjs";

const LIFE = 300;
const STEP_SEC = 2;
const CALLERS = 20;
const TURNS = 5;

/** The table, and what the manager adds to the package. */
export async function tables({ isQuick }) {
  const rounds = isQuick ? 3 : 9;
  const pages = await files();
  const browser = await launchChromium();
  try {
    const times = await timed(browser, pages, rounds, isQuick ? 5000 : 20_000);
    const names = Object.keys(times);
    const ours = median(times[names[0]]);
    const lines = [
      row("`getToken`, valid (µs)", names, (name) => {
        const shown = `${(median(times[name]) / 1000).toFixed(2)} ± ${(spread(times[name]) / 1000).toFixed(2)}`;
        return name === names[0] ? shown : `${shown} (${(median(times[name]) / ours).toFixed(1)} times)`;
      }),
    ];
    for (const [title, { endpoint, scenario }] of Object.entries(scenarios)) {
      const shown = {};
      for (const name of names) {
        process.stderr.write(`${name}, ${title} …\n`);
        const run = await startEndpoint(pages, { life: LIFE, ...endpoint });
        const page = await open(browser, run, true);
        await begin(page, name, run);
        shown[name] = await scenario(page, run, isQuick);
        await Promise.all([page.close(), run.close()]);
      }
      lines.push(row(title, names, (name) => shown[name]));
    }
    const text = [
      "**Tokens over time**, in Chromium: requests sent to the token endpoint",
      "",
      `| | ${names.join(" | ")} |`,
      `|---|${names.map(() => "---|").join("")}`,
      ...lines,
      "",
      addedSize(),
    ].join("\n");
    return { text, rounds };
  } finally {
    await browser.close();
  }
}

// Its share of the bytes, before compression, is taken for its share of what is loaded.
function addedSize() {
  const { module, script } = sizes("arcgate/client");
  const share = shareOf({
    // Of the crate, with the compiler's hash or without, and what wasm-bindgen exports of it.
    functions: /\barcgate(\[\w+\])?::(js::)?token\b|^(__wbg_)?tokencore_/,
    files: /\bpkg\/token\/[^/]+\.js$/,
  });
  const kB = (bytes) => (bytes / 1000).toFixed(1);
  const [inModule, inScript] = [share.functions * module.brotli, share.files * script.brotli];
  return `It adds ${kB(inModule + inScript)} kB (brotli) to what a page loads: ${kB(inModule)} of the module's ${kB(module.brotli)}, ${kB(inScript)} of the JavaScript's ${kB(script.brotli)}.`;
}

const row = (title, names, cell) => `| ${title} | ${names.map(cell).join(" | ")} |`;

const failures = (failed, run) => `${failed ? `, ${failed} calls failed` : ""}${run.isAlive ? "" : ", logged out"}`;

async function afterSleep(page, run) {
  await page.clock.fastForward((LIFE + 60) * 1000);
  const failed = 100 - (await burst(page, 100));
  return `${run.count}${failures(failed, run)}`;
}

const scenarios = {
  "100 callers at once, after a sleep": { endpoint: {}, scenario: afterSleep },
  "the same, with rotation and reuse detection": { endpoint: { rotates: true }, scenario: afterSleep },
  "10 minutes of 5-minute tokens, 10 calls a second": {
    endpoint: { rotates: true },
    async scenario(page, run, isQuick) {
      const failed = await pass(page, run, isQuick ? 300 : 600);
      return `${run.count}${failures(failed, run)}`;
    },
  },
  "2 minutes of 503, the token valid throughout": {
    endpoint: {},
    async scenario(page, run) {
      await pass(page, run, LIFE - 120);
      run.isDown = true;
      run.count = 0;
      const failed = await pass(page, run, 110);
      return `${run.count}${failures(failed, run)}`;
    },
  },
};

async function timed(browser, pages, rounds, calls) {
  const run = await startEndpoint(pages, { life: 86_400 });
  const first = await open(browser, run);
  const names = await first.evaluate(() => globalThis.bench.names);
  await first.close();
  const times = Object.fromEntries(names.map((name) => [name, []]));
  const opened = {};
  for (const name of names) {
    opened[name] = await open(browser, run);
    await opened[name].evaluate((name) => globalThis.bench.begin(name), name);
  }
  // The first round warms up.
  for (let round = 0; round <= rounds; round += 1) {
    for (const name of names) {
      const turns = [];
      for (let turn = 0; turn < TURNS; turn += 1) {
        turns.push(await opened[name].evaluate((calls) => globalThis.bench.time(calls), calls));
      }
      // What the machine does beside makes a turn longer, and never shorter.
      if (round > 0) times[name].push(Math.min(...turns));
    }
  }
  for (const page of Object.values(opened)) await page.close();
  await run.close();
  return times;
}

async function begin(page, name, run) {
  await whileTimePasses(
    page,
    page.evaluate((name) => globalThis.bench.begin(name), name),
  );
  run.count = 0;
}

const burst = (page, callers) =>
  whileTimePasses(
    page,
    page.evaluate((callers) => globalThis.bench.burst(callers), callers),
  );

// Lets so many seconds pass, with callers in each step; how many of them got nothing.
async function pass(page, run, seconds) {
  let failed = 0;
  for (let second = 0; second < seconds; second += STEP_SEC) {
    for (let tick = 0; tick < STEP_SEC; tick += 1) {
      await page.clock.runFor(1000);
      await settled(page, run);
    }
    failed += CALLERS - (await burst(page, CALLERS));
    await settled(page, run);
  }
  return failed;
}

// What was sent is answered, and the page has seen it: the network takes no longer than a moment of the page's time.
async function settled(page, run) {
  const visit = () => page.evaluate(() => fetch("/page.js", { method: "HEAD" }).then(() => {}));
  await visit();
  while (run.underWay > 0) await visit();
  await visit();
}

// Some wait for timers: the clock goes on while something is awaited.
async function whileTimePasses(page, work) {
  let isOver = false;
  const over = work.finally(() => {
    isOver = true;
  });
  // As fast as it comes; what is there at once needs none of it.
  await Promise.race([over, new Promise((resolve) => setTimeout(resolve, 50))]);
  while (!isOver) {
    await page.clock.runFor(50);
    await Promise.race([over, new Promise((resolve) => setTimeout(resolve, 50))]);
  }
  return over;
}

async function open(browser, run, hasClock = false) {
  const page = await (await browser.newContext()).newPage();
  if (hasClock) await page.clock.install();
  await page.goto(`${run.base}/`);
  await page.waitForFunction(() => globalThis.bench);
  return page;
}

async function files() {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL("managers-page.mjs", import.meta.url))],
    bundle: true,
    minify: true,
    format: "esm",
    alias: { "arcgate/client": join(root, "pkg/client.web.js") },
    write: false,
    logLevel: "error",
  });
  return {
    "/": { type: "text/html", body: '<!doctype html><script type="module" src="/page.js"></script>' },
    "/page.js": { type: "text/javascript", body: Buffer.from(outputFiles[0].contents) },
    "/wasm/client.wasm": { type: "application/wasm", body: readFileSync(join(root, "pkg/wasm/client.wasm")) },
  };
}
