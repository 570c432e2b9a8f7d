// POST /playground/restart, in development: the hubs lose their memory at once, as they do when a machine fails.

import { RuntimeHub } from "./index.js";
import { answer, refusalOf } from "./playground.js";

const PATH = "/restart";

/** A hub that this Worker can restart. */
export class RestartableHub extends RuntimeHub {
  #ctx;

  constructor(ctx, env) {
    super(ctx, env);
    this.#ctx = ctx;
  }

  async fetch(request) {
    // No gate asks for it: whoever reaches a hub is this Worker.
    if (new URL(request.url).pathname === PATH) this.#ctx.abort("restarted by the playground");
    return super.fetch(request);
  }
}

// The hubs that were asked for, by their ids.
const ids = new Map();
let known;

/** The environment with a binding that keeps who was asked for. */
export function withKnownHubs(env) {
  const hubs = env.RUNTIME_HUB;
  if (hubs === undefined) return env;
  const idFromName = (name) => {
    const id = hubs.idFromName(name);
    ids.set(String(id), id);
    return id;
  };
  if (known?.of !== env) known = { of: env, env: { ...env, RUNTIME_HUB: { idFromName, get: (id) => hubs.get(id) } } };
  return known.env;
}

/** Restarts all hubs that this Worker has asked for since it began. */
export async function restartHubs(request, env, rules) {
  const refusal = await refusalOf(request, env, rules);
  if (refusal) return refusal;
  if (request.method !== "POST") return answer(405, '{"error":"method_not_allowed"}');
  // Each answers by its end.
  const ends = [...ids.values()].map((id) => env.RUNTIME_HUB.get(id).fetch(`https://hub${PATH}`));
  await Promise.allSettled(ends);
  return answer(200, JSON.stringify({ restarted: ends.length }));
}
