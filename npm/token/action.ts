// @ts-nocheck
// What the core asks for, done: storage, other tabs, the user's function, keys and requests.

import { within } from "../platform/cancellation.js";
import { tokensJson } from "./options.js";
import { send, sign } from "./request.js";

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
      try {
        return ["called", tokensJson(given, "fetchToken()")];
      } catch (cause) {
        // No token, like any other that it could have given instead.
        manager.failed(cause);
        return ["called", "null"];
      }
    }
    case "sign":
      return ["signed", await sign(source.privateKey, manager.signing.algorithm, details.input)];
    case "verify": {
      const verified = await within(limitMs, manager.logins.verify(flight, details), late);
      if (verified === late) throw "timeout";
      return verified;
    }
    default: {
      if (what === "post" && limitMs === undefined) tabs?.sends(flight, details.body);
      const answer = await send(manager.fetch, details, limitMs);
      return ["response", answer.status, answer.body, answer.date, answer.retryAfter];
    }
  }
}
