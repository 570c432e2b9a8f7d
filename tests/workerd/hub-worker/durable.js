// The Worker of index.js, whose hubs tell what the platform does to them, and to which a test can do what the platform does.

import { builtinAgents, createWorker } from "../../../pkg/worker.workerd.js";
import pipes, { RuntimeHub as PlainHub } from "./index.js";

/** What happened to the hubs of this process. */
const counts = { constructions: 0, alarms: 0 };

const verifier = { authenticate: async () => null };
const { RuntimeHub: ShortHub } = createWorker({ verifier, agents: builtinAgents, limits: { resumeWindowSec: 1 } });

/** Storage whose writes fail while `isBroken()`. */
function breakable(state, isBroken) {
  const check = (query) => {
    if (isBroken() && !query.startsWith("SELECT")) throw new Error("injected: the disk is gone");
  };
  const sql = {
    exec(query, ...values) {
      check(query);
      return state.storage.sql.exec(query, ...values);
    },
  };
  const storage = new Proxy(state.storage, { get: (target, name) => (name === "sql" ? sql : bound(target, name)) });
  return new Proxy(state, { get: (target, name) => (name === "storage" ? storage : bound(target, name)) });
}

const bound = (target, name) => (typeof target[name] === "function" ? target[name].bind(target) : target[name]);

const observed = (Hub) =>
  class extends Hub {
    #state;
    #isBroken;

    constructor(state, env) {
      let isBroken = false;
      super(
        breakable(state, () => isBroken),
        env,
      );
      this.#state = state;
      this.#isBroken = (value) => (isBroken = value);
      counts.constructions += 1;
    }

    async fetch(request) {
      const { pathname } = new URL(request.url);
      if (pathname === "/abort") this.#state.abort("a test");
      if (pathname === "/break") this.#isBroken(true);
      if (pathname === "/rows") return Response.json(this.#rows());
      return pathname === "/" ? super.fetch(request) : new Response("done");
    }

    #rows() {
      const all = (query) => this.#state.storage.sql.exec(query).toArray();
      const tables = all("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_%' ESCAPE '\\'");
      return Object.fromEntries(
        tables.map(({ name }) => [name, all(`SELECT COUNT(*) AS count FROM ${name}`)[0].count]),
      );
    }

    alarm() {
      counts.alarms += 1;
      return super.alarm();
    }
  };

export const RuntimeHub = observed(PlainHub);
export const OpenHub = observed(ShortHub);

export default {
  async fetch(request, env) {
    const url = new URL(request.url);
    if (url.pathname === "/counts") return Response.json(counts);
    const [, name, what] = /^\/hub\/([^/]+)(\/.*)$/.exec(url.pathname) ?? [];
    if (name === undefined) return pipes.fetch(request, env);
    const binding = name === "short" ? env.OPEN_HUB : env.RUNTIME_HUB;
    const hub = binding.get(binding.idFromName(url.searchParams.get("hub") ?? "one for all"));
    try {
      return await hub.fetch(`https://hub${what}`);
    } catch (error) {
      return new Response(String(error));
    }
  },
};
