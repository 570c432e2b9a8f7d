// What both runtimes answer: a set of tokens to begin with, then stretches of it for one contender. Times are taken from outside.

import { contenders } from "./contenders.mjs";

let all;

/** Answers a request of the benchmark: its path and its body's JSON. `make` makes those who are measured. */
export async function handle(path, body, make = contenders) {
  if (path === "/healthz") return { status: "ok" };
  if (path === "/begin") {
    all = await make(body);
    return { names: Object.keys(all) };
  }
  const verify = all[body.name];
  if (verify.many) {
    if (!(await verify.many(body.from, body.to))) throw new Error(`${body.name} verified nothing`);
    return {};
  }
  for (let index = body.from; index < body.to; index += 1) {
    if (!(await verify(index))) throw new Error(`${body.name} did not verify token ${index}`);
  }
  return {};
}
