// TokenManager inside workerd, with the package's driver: the timelines, and what it alone has.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { only, startServers } from "../lib/bearer-servers.mjs";
import { startWorkerd } from "../lib/bundled-worker.mjs";
import { startWrangler } from "../lib/worker.mjs";
import { endpoint, post, stateOf, times, use } from "./token/endpoint.mjs";
import { timelines } from "./token/timelines.mjs";

use((url) => {
  const define = { TOKEN_ENDPOINT: JSON.stringify(url) };
  return startWorkerd(fileURLToPath(new URL("token/index.js", import.meta.url)), { define });
});
timelines();

test("with KV as its storage, a cold isolate buys no new token", async () => {
  const persistTo = mkdtempSync(join(tmpdir(), "arcgate-kv-"));
  const config = fileURLToPath(new URL("token/kv/wrangler.toml", import.meta.url));
  const run = async (work) => {
    const worker = await startWrangler({ TOKEN_ENDPOINT: `${endpoint.url}/kv` }, { config, persistTo });
    const ask = async (path = "/") => (await fetch(`${worker.url}${path}`)).text();
    try {
      await work(ask);
    } finally {
      await worker.close();
    }
  };
  try {
    await run(async (ask) => {
      const answers = (await times(20, () => ask())).map((text) => JSON.parse(text));
      assert.deepEqual([...new Set(answers.map(({ token }) => token))], ["kv-1"]);
    });
    await run(async (ask) => {
      assert.deepEqual(JSON.parse(await ask()), { token: "kv-1", wasCold: true });
      assert.equal(stateOf("kv").count, 1);
      // What is revoked is not found there again.
      await ask("/revoke");
    });
    await run(async (ask) => assert.deepEqual(JSON.parse(await ask()), { token: "kv-2", wasCold: true }));
  } finally {
    rmSync(persistTo, { recursive: true, force: true });
  }
});

test("createFetch: a token follows no redirect to another origin, and a bad one is replaced, whatever the request is", async () => {
  const servers = await startServers();
  const { api, other, seen } = servers;
  try {
    await post("/make", { name: "calls" });
    const call = async (what) => JSON.parse(await post("/call", { name: "calls", origins: [api, other], ...what }));
    for (const status of [302, 307]) {
      servers.answers["/away"] = () => [status, { location: `${other}/there` }];
      servers.answers["/within"] = () => [status, { location: "/here" }];
      for (const prefix of ["", "request:"]) {
        seen.length = 0;
        const away = await call({ url: `${prefix}${api}/away`, method: "POST", body: "kept" });
        assert.deepEqual([away.status, away.url, away.redirected], [200, `${other}/there`, true]);
        await call({ url: `${prefix}${api}/within`, method: "POST", body: "kept" });
        const gone = seen.map(({ path, method, authorization, body }) => [path, method, authorization, body].join(" "));
        const [method, body] = status === 307 ? ["POST", "kept"] : ["GET", ""];
        assert.deepEqual(gone, [
          "/away POST Bearer calls-1 kept",
          `/there ${method}  ${body}`,
          "/within POST Bearer calls-1 kept",
          `/here ${method} Bearer calls-1 ${body}`,
        ]);
      }
    }
    for (const [number, prefix] of ["", "request:"].entries()) {
      servers.answers["/"] = only(`calls-${number + 2}`);
      seen.length = 0;
      const { status, text } = await call({ url: `${prefix}${api}/`, method: "POST", body: "kept" });
      assert.deepEqual([status, text, seen.length], [200, "kept", 2]);
      await post("/ahead", { name: "calls", ms: 60_000 });
    }
  } finally {
    servers.close();
  }
});
