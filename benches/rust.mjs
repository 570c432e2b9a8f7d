// What a verification costs through the crate's Rust API, beside the package's JavaScript loop and its peers, and how large a
// Worker in Rust becomes by it.

import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildRust } from "../tests/lib/rust-module.mjs";
import { median, processOf, spread } from "./measure.mjs";
import { startNode, startWorkerd } from "./runtimes.mjs";
import { workerSizes } from "./rust-size.mjs";
import { tokensOf } from "./tokens.mjs";
import { measure } from "./verify.mjs";

const algorithms = ["ES256", "RS256", "EdDSA"];
// What a quick build of the package costs is nobody's business.
const isOptimised = !process.env.ARCGATE_QUICK;
const leftOut = "The package’s loop is not in this run, whose package was not an optimised one; the part above has it.";

/** The tables: 9 rounds, or 3 of fewer tokens. `only` names some of them: workerd, node, size. */
export async function tables({ isQuick, only = ["workerd", "node", "size"] }) {
  const rounds = isQuick ? 3 : 9;
  const places = {};
  if (only.includes("workerd") || only.includes("node")) {
    const crate = fileURLToPath(new URL("rust", import.meta.url));
    const { folder, wasm, modules } = await buildRust(crate, "rust_bench", { profile: "release", optimise: ["-O3"] });
    const alias = { "rust-bench": join(folder, "rust_bench.js") };
    const sets = [];
    for (const algorithm of algorithms) sets.push(await tokensOf(algorithm, isQuick ? 500 : 3000));
    const runtimes = {
      workerd: ["workerd", () => startWorkerd("rust-worker.mjs", { alias, wasm: modules })],
      node: ["Node 22", () => startNode("rust-node.mjs", { alias, args: [wasm] })],
    };
    for (const [program, [name, start]] of Object.entries(runtimes)) {
      if (only.includes(program)) places[program] = await speedTables(name, start, program, sets, rounds);
    }
  }
  if (only.includes("size")) places.size = await workerSizes();
  return { places, rounds };
}

async function speedTables(name, start, program, sets, rounds) {
  const measured = {};
  for (const set of sets) {
    process.stderr.write(`${name}, ${set.algorithm} …\n`);
    const runtime = await start();
    try {
      measured[set.algorithm] = await measure(runtime, processOf(program, runtime.mark), set, rounds);
    } finally {
      await runtime.close();
    }
  }
  const head = (first) => [`| ${first} | ${algorithms.join(" | ")} |`, `|---|${algorithms.map(() => "---|").join("")}`];
  const line = (label, cell) =>
    `| ${label} | ${algorithms.map((algorithm) => cell(measured[algorithm])).join(" | ")} |`;
  const added = (times, who) => times[who].map((time, round) => time - times.bare[round]);
  const over = (who) => (times) => shown(added(times, who));
  const all = (who) => (times) => shown(times[who]);
  // Of each round by itself: what disturbs one disturbs both.
  const share = (of, to) => (times) =>
    shown(
      of(times).map((value, round) => value / to(times)[round]),
      2,
    );
  const toJose = (who) =>
    share(
      (times) => added(times, who),
      (times) => added(times, "jose"),
    );
  return [
    `**Through the Rust API, ${name}**: CPU time a token (µs)`,
    "",
    ...head("new: over a bare `crypto.subtle.verify`"),
    line("a bare verification, all of it", all("bare")),
    line("`JwtVerifier::verify`, a promise a token", over("rust")),
    line("the same, one future for many tokens", over("rust, one future")),
    ...(isOptimised ? [line("the package’s loop, JavaScript", over("package"))] : []),
    line("jose", over("jose")),
    line("jsonwebtoken, `rust_crypto`", over("jsonwebtoken")),
    line("a promise a token / jose (goal 1)", toJose("rust")),
    line("one future / jose (goal 1)", toJose("rust, one future")),
    "",
    ...head("seen before: all of it"),
    line("`JwtVerifier::verify`, a promise a token", all("rust, seen")),
    ...(isOptimised ? [line("the package’s loop, JavaScript", all("package, seen"))] : []),
    line(
      "of a bare verification",
      share(
        (times) => times["rust, seen"],
        (times) => times.bare,
      ),
    ),
    ...(isOptimised ? [] : ["", leftOut]),
  ].join("\n");
}

const shown = (values, digits = 1) => `${median(values).toFixed(digits)} ± ${spread(values).toFixed(digits)}`;
