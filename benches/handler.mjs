// What both runtimes answer: a set of tokens to begin with, then stretches of it for one contender. Times are taken from outside.

import { contenders } from "./contenders.mjs";

let all;

/** Answers a request of the benchmark: its path and its body's JSON. */
export async function handle(path, body) {
  if (path === "/healthz") return { status: "ok" };
  if (path === "/begin") {
    all = await contenders(body);
    return { names: Object.keys(all) };
  }
  const verify = all[body.name];
  for (let index = body.from; index < body.to; index += 1) {
    if (!(await verify(index))) throw new Error(`${body.name} did not verify token ${index}`);
  }
  return {};
}
