// What the core asks for, done: storage, other tabs, the user's function, keys and requests.

import { send, sign } from "./token-request.js";
import { within } from "./wait.js";

const late = Symbol("late");

/** Performs one action of a flight. Gives the name of the core's method that takes the result, and the result. */
export async function perform({ do: what, limitMs, ...details }, flight, manager) {
  const { source, storage, tabs } = manager;
  switch (what) {
    case "load": {
      await tabs?.look();
      const stored = await within(limitMs, storage.get());
      return ["loaded", stored === undefined || stored === null ? undefined : JSON.stringify(stored)];
    }
    case "lock":
      return ["locked", await tabs.lock(flight, limitMs)];
    case "ask":
      return ["asked", await tabs.ask({ limitMs, ...details })];
    case "store":
      return ["stored", await manager.write(limitMs, () => manager.put(details.text))];
    case "delete":
      return ["stored", await manager.write(limitMs, () => storage?.delete())];
    case "call": {
      const call = source.fetchToken({ reason: details.reason, signal: AbortSignal.timeout(limitMs) });
      const given = await within(limitMs, call, late);
      if (given === late) throw "timeout";
      return ["called", JSON.stringify(given ?? null)];
    }
    case "sign":
      return ["signed", await sign(source.privateKey, manager.signing.algorithm, details.input)];
    case "verify":
      return manager.logins.verify(flight, details);
    default: {
      if (what === "post" && limitMs === undefined) tabs?.sends(flight, details.body);
      const answer = await send(manager.fetch, details, limitMs);
      return ["response", answer.status, answer.body, answer.date, answer.retryAfter];
    }
  }
}
