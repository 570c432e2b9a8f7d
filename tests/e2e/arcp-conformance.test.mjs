// Workers under the conformance runner: what docs/CONFORMANCE.md calls done does not fail, as any client sees it.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { readOptions } from "../../pkg/conformance/options.js";
import { runConformance } from "../../pkg/conformance/run.js";
import { root } from "../../scripts/setup/cache.mjs";
import { startConformingRuntime } from "../lib/conforming-runtime/start.mjs";
import { startWrangler } from "../lib/worker.mjs";
import { startServe } from "../lib/workerd.mjs";

const STATIC_TOKENS = { "a-token-of-alice": "alice", "a-token-of-bob": "bob" };

/** What fails, and is not ours to mend. */
const platforms = { A43: "workerd takes frames without a mask" };

const unseen = "2 4 21 42 76 98 110 111 112 113 139 142 148 149 150";
const workers = {
  "this Worker, as `arcgate serve` starts it": {
    start: () => startServe({ STATIC_TOKENS }),
    args: [],
    // Its own agents have no versions, and none answers in chunks. The others do not show on the wire.
    unseen: `${unseen} 39 43 59 60 61 63`.split(" "),
  },
  "a Worker with agents that have versions, and one that answers in chunks": {
    start: () => {
      const config = fileURLToPath(new URL("conformance-worker/wrangler.toml", import.meta.url));
      return startWrangler({ STATIC_TOKENS }, { config });
    },
    args: ["--chunk-agent", "chunks"],
    unseen: unseen.split(" "),
  },
  "the gate, before a runtime that keeps every rule: it takes nothing from it": {
    start: () => startGate({}),
    args: ["--chunk-agent", "chunks"],
    unseen: unseen.split(" "),
  },
  "the gate that holds sessions, before the same runtime": {
    start: () => startGate({ ARCP_HOLD: "true" }),
    args: ["--chunk-agent", "chunks"],
    unseen: unseen.split(" "),
  },
};

async function startGate(variables) {
  const runtime = await startConformingRuntime((made) => {
    // The gate's own heartbeats are what is seen. Its runtime gives nobody up who has not come to answer for four seconds.
    made.intervalSec = 10;
    made.principals = { "upstream-alice": "alice", "upstream-bob": "bob" };
  });
  try {
    const worker = await startWrangler({
      STATIC_TOKENS,
      ARCP_UPSTREAM: runtime.url.replace("ws", "http"),
      UPSTREAM_AUTH: "map",
      UPSTREAM_TOKENS: { alice: "upstream-alice", bob: "upstream-bob" },
      RESUME_KEY: "a key of at least thirty-two bytes",
      ...variables,
    });
    return { url: worker.url, close: () => Promise.all([worker.close(), runtime.close()]) };
  } catch (error) {
    await runtime.close();
    throw error;
  }
}

describe("under the conformance runner", { concurrency: 4 }, () => {
  for (const [name, { start, args, unseen }] of Object.entries(workers))
    describe(name, () => {
      let worker;
      let report;

      before(async () => {
        worker = await start();
        const [token, token2] = Object.keys(STATIC_TOKENS);
        const url = `${worker.url.replace("http", "ws")}/arcp`;
        report = await runConformance(readOptions([url, "--token", token, "--token2", token2, ...args], {}, () => ""));
      });

      after(() => worker?.close());

      test("no rule fails, but for what is the platform's", () => {
        const failed = report.rules.filter(({ outcome }) => outcome === "fail");
        assert.deepEqual(
          failed.filter(({ rule }) => !platforms[rule]).map(({ rule, reason }) => `${rule}: ${reason}`),
          [],
        );
      });

      test("what the runner can judge of what is done, it does judge", () => {
        const table = readFileSync(join(root, "docs/CONFORMANCE.md"), "utf8");
        const done = table.matchAll(/^\| (\d+) \|[^|]*\| [RBG] \|[^|]*\| done \|/gm);
        const judged = new Set(report.rules.filter(({ outcome }) => outcome === "pass").map(({ rule }) => rule));
        const silent = [...done].map(([, rule]) => rule).filter((rule) => !judged.has(rule) && !unseen.includes(rule));
        assert.deepEqual(silent, []);
      });

      test("it leaves no token in the report", () => {
        assert.ok(!/a-token-of/.test(JSON.stringify(report)));
      });
    });
});
