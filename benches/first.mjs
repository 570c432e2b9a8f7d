// From nothing to the first verified token: loading the module included.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { buildSync } from "esbuild";
import { root } from "../scripts/setup/cache.mjs";
import { launchChromium } from "../tests/lib/browser.mjs";
import { cpuMicros, median, processOf, spread } from "./measure.mjs";
import { startWorkerd } from "./runtimes.mjs";
import { tokensOf } from "./tokens.mjs";

const page = {
  arcgate: `import { JwtVerifier } from "arcgate/verify";
    const verifier = await JwtVerifier.create({ providers: { bench: { issuer: set.issuer, audience: set.audience, jwks: { keys: [set.jwk] } } } });
    await verifier.verify(set.tokens[0]);`,
  jose: `import { createLocalJWKSet, jwtVerify } from "jose";
    await jwtVerify(set.tokens[0], createLocalJWKSet({ keys: [set.jwk] }), set);`,
};

/** A table: milliseconds in Chromium, and of CPU in workerd, each in a fresh page or process. */
export async function firstVerification(rounds) {
  const set = await tokensOf("ES256", 1);
  const times = {
    workerd: { arcgate: [], jose: [] },
    ready: { arcgate: [], jose: [] },
    Chromium: { arcgate: [], jose: [] },
  };
  for (let round = 0; round < rounds; round += 1) {
    for (const name of ["arcgate", "jose"]) {
      const { all, sinceReady } = await inWorkerd(name, set);
      times.workerd[name].push(all);
      times.ready[name].push(sinceReady);
    }
  }
  await inChromium(set, rounds, times.Chromium);
  const shown = (values) => `${median(values).toFixed(1)} ± ${spread(values).toFixed(1)}`;
  const ratio = ({ arcgate, jose }) => (median(arcgate) / median(jose)).toFixed(2);
  const row = (title, of) => `| ${title} | ${shown(of.arcgate)} | ${shown(of.jose)} | ${ratio(of)} |`;
  return [
    "**First verification**, loading included (ES256, ms)",
    "",
    "| | arcgate | jose | arcgate / jose (goal 1.5) |",
    "|---|---|---|---|",
    row("workerd, CPU from the process's start to the first answer", times.workerd),
    row("of it after the health check, when the Worker is compiled and has run its top level", times.ready),
    row("Chromium, from a loaded page", times.Chromium),
  ].join("\n");
}

// Milliseconds of CPU: what the process has used since it began, the runtime's own start and the health check included; and what
// of it came after that check.
async function inWorkerd(name, set) {
  const worker = await startWorkerd(`first-${name}.mjs`);
  try {
    const pid = processOf("workerd", worker.mark);
    const before = cpuMicros(pid);
    const response = await fetch(worker.url, { method: "POST", body: JSON.stringify(set) });
    if (!response.ok) throw new Error(await response.text());
    const after = cpuMicros(pid);
    return { all: after / 1000, sinceReady: (after - before) / 1000 };
  } finally {
    await worker.close();
  }
}

async function inChromium(set, rounds, times) {
  const files = {
    "/": { type: "text/html", body: "<!doctype html>" },
    "/wasm/verify.wasm": { type: "application/wasm", body: readFileSync(join(root, "pkg/wasm/verify.wasm")) },
  };
  for (const [name, code] of Object.entries(page)) {
    const { outputFiles } = buildSync({
      stdin: {
        contents: `const set = globalThis.set;${code}`.replace(/^(const set[^;]*;)(import[^;]*;)/, "$2$1"),
        resolveDir: root,
      },
      bundle: true,
      minify: true,
      format: "esm",
      alias: { "arcgate/verify": join(root, "pkg/verify.web.js") },
      write: false,
    });
    files[`/${name}.js`] = { type: "text/javascript", body: Buffer.from(outputFiles[0].contents) };
  }
  const site = await serve(files);
  const browser = await launchChromium();
  try {
    for (let round = 0; round < rounds; round += 1) {
      for (const name of Object.keys(page)) {
        const context = await browser.newContext();
        const tab = await context.newPage();
        await tab.goto(site.url);
        const time = await tab.evaluate(
          async ([set, name]) => {
            globalThis.set = set;
            const start = performance.now();
            await import(`/${name}.js`);
            return performance.now() - start;
          },
          [set, name],
        );
        times[name].push(time);
        await context.close();
      }
    }
  } finally {
    await browser.close();
    await site.close();
  }
}

async function serve(files) {
  const { createServer } = await import("node:http");
  const server = createServer((request, response) => {
    const file = files[request.url];
    if (!file) return response.writeHead(404).end();
    response.writeHead(200, { "content-type": file.type }).end(file.body);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const close = () => new Promise((resolve) => server.close(resolve));
  return { url: `http://127.0.0.1:${server.address().port}/`, close };
}
