// Under 50 cuts nothing of a job of 2,000 events is lost or doubled: with the embedded runtime, and with sessions that are held for
// runtimes which lose them: the Python SDK's, one with the habits of the TypeScript SDK's, and that one itself where TYPESCRIPT_SDK
// names a checkout of it.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { targets } from "../../scripts/conformance/targets.mjs";
import { startRuntime as startPython, startRelay } from "../lib/arcp-peers.mjs";
import { startTypescriptRuntime } from "../lib/typescript-runtime/runtime.mjs";
import { clientUnderCuts, rawUnderCuts } from "../lib/under-cuts.mjs";
import { startWrangler } from "../lib/worker.mjs";

const bounded = { timeout: 180_000 };
const own = { "upstream-alice": "alice", "upstream-bob": "bob" };

const embedded = { variables: {}, close() {} };

/** The gate's variables for a runtime that it holds sessions for. */
async function held(starting) {
  const { url, close } = await starting;
  const variables = {
    ARCP_UPSTREAM: url,
    ARCP_HOLD: "true",
    UPSTREAM_AUTH: "map",
    UPSTREAM_TOKENS: { alice: "upstream-alice", bob: "upstream-bob" },
    RESUME_KEY: "a key of thirty-two characters or more",
  };
  return { variables, close };
}

const runtimes = {
  "the embedded runtime": async () => embedded,
  "the Python SDK's": () => held(startPython({ tokens: own })),
  "one like the TypeScript SDK's": () => held(startTypescriptRuntime({ tokens: own })),
  ...(process.env.TYPESCRIPT_SDK && {
    "the TypeScript SDK's own": () => held(targets.typescript.start({ tokens: own })),
  }),
};

const upTo = (n) => Array.from({ length: n }, (_, i) => i + 1);

for (const [name, start] of Object.entries(runtimes)) {
  describe(name, () => {
    let runtime;
    let worker;
    let relay;

    before(async () => {
      runtime = await start();
      worker = await startWrangler({
        STATIC_TOKENS: { "tok-alice": "alice", "tok-bob": "bob" },
        ...runtime.variables,
      });
      relay = await startRelay(Number(new URL(worker.url).port));
    });

    after(() => Promise.all([relay?.close(), worker?.close(), runtime?.close()]));

    test("frames: 50 cuts under 2,000 events, each of them once and in order, in one session", bounded, async () => {
      const seen = await rawUnderCuts({ relay, token: "tok-alice", to: 2000, cuts: 50 });
      assert.deepEqual(seen.numbers, upTo(2000));
      assert.deepEqual(seen.seqs, upTo(seen.seqs.length));
      assert.equal(seen.end.final_status, "success");
      assert.equal(seen.end.result, 2000);
      assert.deepEqual([seen.cuts, seen.refused, seen.sessions.size], [50, [], 1]);
    });

    test("ArcpClient: 50 cuts, each event once and in order, and every result settles", bounded, async () => {
      const seen = await clientUnderCuts({ relay, token: "tok-bob", to: 2000, cuts: 50 });
      assert.deepEqual(seen.numbers, upTo(2000));
      assert.equal(seen.result, 2000);
      assert.equal(seen.cuts, 50);
      assert.deepEqual(seen.echoes, [5, 10, 15, 20, 25, 30, 35, 40, 45, 50]);
      assert.deepEqual(
        seen.events.filter(({ type }) => type === "lost"),
        [],
      );
    });
  });
}
