// Gates that hold sessions for a scripted runtime, each under a path of its own, with a verifier that believes what it is told.

import { createWorker, RevocationStore } from "../../../pkg/worker.workerd.js";

const verifier = {
  async authenticate({ token }) {
    const [first, ends] = token.split(".");
    // A JWT, as far as this one looks: it begins with an empty head.
    const id = first === "e30" ? JSON.parse(atob(ends)).sub : first;
    if (id === "frank") return { id, kind: "jwt", issuer: "https://idp.example", expiresAt: Date.now() / 1000 + 3600 };
    if (["carol", "dave", "erin"].includes(id))
      return { id, kind: "jwt", issuer: "https://idp.example", expiresAt: Date.now() / 1000 + 3600 };
    return ["alice", "bob"].includes(id) ? { id, ...(ends && { expiresAt: Number(ends) / 1000 }) } : null;
  },
};

const gate = (basePath, { limits, arcp, ...rest } = {}) =>
  createWorker({
    verifier,
    basePath,
    limits,
    arcp: {
      upstream: UPSTREAM,
      upstreamAuth: { mode: "map", tokenFor: ({ id }) => `up-${id}` },
      resumeKey: "a key of at least thirty-two bytes",
      hold: true,
      ...arcp,
    },
    ...rest,
  });

const gates = {
  "": gate(""),
  small: gate("/small", { limits: { maxHeldFrames: 5 } }),
  brief: gate("/brief", { limits: { resumeWindowSec: 1 } }),
  few: gate("/few", { limits: { maxSessions: 1 } }),
  through: gate("/through", { arcp: { upstreamAuth: { mode: "passthrough" } } }),
  failing: gate("/failing"),
  unbound: gate("/unbound"),
  alarmed: gate("/alarmed"),
  full: gate("/full"),
};

// A disk that is full, when a test says so.
let isFull = false;
export class FailingHold extends gates.failing.SessionHold {
  constructor(state, env) {
    const { storage } = state;
    const sql = {
      exec(query, ...values) {
        if (isFull && query.startsWith("INSERT")) throw new Error("database or disk is full");
        return storage.sql.exec(query, ...values);
      },
    };
    const own = {
      sql,
      transactionSync: (run) => storage.transactionSync(run),
      setAlarm: (at) => storage.setAlarm(at),
      getAlarm: () => storage.getAlarm(),
      deleteAlarm: () => storage.deleteAlarm(),
      deleteAll: () => storage.deleteAll(),
    };
    super({ storage: own, abort: (reason) => state.abort(reason) }, env);
  }
}

// Its alarms come after a second: the longest that it was asked to wait is told.
let longest = 0;
export class AlarmedHold extends gates.alarmed.SessionHold {
  constructor(state, env) {
    const { storage } = state;
    const own = {
      sql: storage.sql,
      transactionSync: (run) => storage.transactionSync(run),
      setAlarm(at) {
        longest = Math.max(longest, at - Date.now());
        return storage.setAlarm(Date.now() + 1000);
      },
      getAlarm: () => storage.getAlarm(),
      deleteAlarm: () => storage.deleteAlarm(),
      deleteAll: () => storage.deleteAll(),
    };
    super({ storage: own, abort: (reason) => state.abort(reason) }, env);
  }
}

export { RevocationStore };
export class SessionHold extends gates[""].SessionHold {
  #sql;

  constructor(state, env) {
    super(state, env);
    this.#sql = state.storage.sql;
  }

  fetch(request) {
    if (new URL(request.url).pathname !== "/tables") return super.fetch(request);
    const named = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_%' ESCAPE '\\'";
    return Response.json([...this.#sql.exec(named)].map(({ name }) => name));
  }
}

// As the platform answers for an object whose write has failed.
const full = {
  idFromName: (name) => name,
  get: () => ({ fetch: () => Promise.reject(new Error("database or disk is full: SQLITE_FULL")) }),
};

// Which object was asked for the last time.
let latest;
const watched = (namespace) => ({
  idFromName(name) {
    latest = name;
    return namespace.idFromName(name);
  },
  get: (id) => namespace.get(id),
});

export const SmallHold = gates.small.SessionHold;
export const BriefHold = gates.brief.SessionHold;
export const FewHold = gates.few.SessionHold;
export const ThroughHold = gates.through.SessionHold;

export default {
  async fetch(request, env, ctx) {
    const { pathname } = new URL(request.url);
    if (pathname === "/healthz") return new Response("ok");
    if (pathname === "/fill") return new Response(String((isFull = !isFull)));
    if (pathname === "/tables") {
      return env.SESSION_HOLD.get(env.SESSION_HOLD.idFromName(latest)).fetch("https://hold/tables");
    }
    if (pathname === "/longest") return new Response(String(longest));
    if (pathname === "/revoke") {
      const named = Object.fromEntries(new URL(request.url).searchParams);
      await gates[""].revoke(env, { issuer: "https://idp.example", ...named });
      return new Response("done");
    }
    const name = pathname.split("/")[1];
    const binding = {
      small: "SMALL",
      brief: "BRIEF",
      few: "FEW",
      through: "THROUGH",
      failing: "FAILING",
      alarmed: "ALARMED",
      unbound: undefined,
    }[name];
    const bound = name === "full" ? full : watched(env[binding ?? "SESSION_HOLD"]);
    const SESSION_HOLD = name === "unbound" ? undefined : bound;
    return (gates[name] ?? gates[""]).fetch(request, { SESSION_HOLD, REVOCATIONS: env.REVOCATIONS }, ctx);
  },
};
