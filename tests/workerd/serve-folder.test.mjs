// `arcgate serve`: a data folder is one gate's at a time.

import assert from "node:assert/strict";
import { lstatSync, readdirSync, readFileSync, realpathSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { before, describe, test } from "node:test";
import { root } from "../../scripts/setup/cache.mjs";
import { arcgate, bounded, served } from "../lib/command.mjs";
import { project } from "../lib/packed.mjs";

const env = { STATIC_TOKENS: '{"good":"alice"}' };
const taken = /another gate serves from .*: end it first, or give this one a --data folder of its own/;
const locks = (data) => readdirSync(join(project, data)).filter((name) => name.includes("lock"));

/** The processes that have this command for a parent. */
function childrenOf(pid) {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ").map(Number);
}

async function checkTaken(data, args = []) {
  const { ended, said } = arcgate(["serve", "--port", "0", "--data", data, ...args], { env });
  assert.equal(await ended, 1, said.join("\n"));
  assert.match(said.join("\n"), taken);
  assert.equal(said.length, 1);
}

describe("with workerd", () => {
  before(() => symlinkSync(join(root, "node_modules/workerd"), join(project, "node_modules/workerd")));

  test("a second gate on one data folder is refused, whatever it is told of revocations", bounded, async () => {
    for (const [data, args] of [
      ["shared", []],
      ["alone", ["--revocations", "none"]],
      // Longer than the path of a socket can be.
      [`${"\u00fc".repeat(100)}/${"d".repeat(100)}`, []],
    ]) {
      const { child, ended, line, said } = await served(["--data", data, ...args], { env });
      await line(/^arcgate: ready$/);
      if (data.length > 100) await line(/nothing is revoked from outside: .* is longer than \d+ bytes/);
      symlinkSync(realpathSync(join(project, data)), join(project, `other-${data.length}`));
      for (const name of [data, `other-${data.length}`]) {
        await checkTaken(name);
        await checkTaken(name, ["--revocations", "none"]);
      }
      assert.equal(locks(data).length, 1, "who is refused leaves nothing");
      assert.ok(data !== "shared" || readdirSync(join(project, data)).includes("revocations.sock"));
      child.kill("SIGTERM");
      assert.equal(await ended, 0, said.join("\n"));
      assert.deepEqual(locks(data), []);
    }
  });

  test("a socket's path may be as long as the system takes one, in bytes, and no longer", bounded, async () => {
    const longest = process.platform === "linux" ? 107 : 103;
    const path = `${"\u00fc".repeat((longest - 1) / 2)}x`;
    const { child, ended, line } = await served(["--data", "long", "--revocations", `unix:${path}`], { env });
    await line(/revocations: POST to unix:/);
    assert.ok(lstatSync(join(project, path)).isSocket());
    child.kill("SIGTERM");
    assert.equal(await ended, 0);
    const refused = arcgate(["serve", "--port", "0", "--data", "long", "--revocations", `unix:${path}y`], { env });
    assert.equal(await refused.ended, 2);
    assert.match(refused.said.join("\n"), new RegExp(`a socket's path has ${longest} bytes at most`));
  });

  test(
    "a workerd whose command was killed has the folder still; when it has gone, too, the folder is free",
    bounded,
    async () => {
      const first = await served(["--data", "left", "--revocations", "none"], { env });
      const [workerd] = childrenOf(first.child.pid);
      first.child.kill("SIGKILL");
      await checkTaken("left");
      process.kill(workerd, "SIGKILL");
      await first.ended;
      assert.equal(locks("left").length, 1);
      const next = await served(["--data", "left", "--revocations", "none"], { env });
      assert.equal(locks("left").length, 1, "what was left behind is gone");
      next.child.kill("SIGTERM");
      assert.equal(await next.ended, 0);
    },
  );

  test("of gates that start at once on a folder that one has left one at most serves", bounded, async () => {
    const started = Array.from({ length: 4 }, () =>
      arcgate(["serve", "--port", "0", "--data", "left", "--revocations", "none"], { env }),
    );
    const outcomes = await Promise.all(
      started.map(({ line, ended }) =>
        Promise.race([
          line(/ready$/).then(
            () => "serves",
            () => ended,
          ),
          ended,
        ]),
      ),
    );
    assert.ok(outcomes.filter((outcome) => outcome === "serves").length <= 1, outcomes.join());
    for (const { child, said } of started) {
      if (!said.some((text) => taken.test(text))) child.kill("SIGTERM");
    }
    await Promise.all(started.map(({ ended }) => ended));
  });
});
