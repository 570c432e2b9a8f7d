// The same gate over a storage that fails when it is told to.

import "../../../pkg/entry.workerd.js";
import { createWorker } from "../../../pkg/worker.workerd.js";
import { options } from "../hub-kill/options.js";

const app = createWorker(options);
const small = createWorker({ ...options, basePath: "/small", limits: { ...options.limits, maxStoredBytes: 200_000 } });

const isWrite = (query) => /^\s*(insert|update|delete|replace|create|alter)/i.test(query);

/** What will fail, in its order: `{ kind: "write" | "read" | "commit" | "alarm" | "slow", after }`. */
let faults = [];

// Whether it is the turn of the first fault: of what it is about, so many go well before.
function isDue(kind) {
  const [first] = faults;
  if (first?.kind !== kind) return false;
  first.after -= 1;
  if (first.after > 0) return false;
  if (kind !== "slow" || first.after < -30) faults.shift();
  return true;
}

function fail(what) {
  console.log(`fault: ${what}`);
  throw new Error(`${what} fails`);
}

// Some milliseconds of work: clocks stand still meanwhile.
function dawdle() {
  console.log("fault: a slow write");
  for (let turn = 0; turn < 1e7; turn += 1);
}

/** An object of the platform with some members replaced. */
function changed(target, changes) {
  const get = (_target, name) => {
    if (Object.hasOwn(changes, name)) return changes[name];
    const value = Reflect.get(target, name, target);
    return typeof value === "function" ? value.bind(target) : value;
  };
  return new Proxy(target, { get, set: (_target, name, value) => Reflect.set(target, name, value, target) });
}

function faulty(ctx) {
  const { storage } = ctx;
  const { sql } = storage;
  const exec = (query, ...values) => {
    if (isWrite(query)) {
      if (isDue("write")) fail("a write");
      if (isDue("slow")) dawdle();
      // Where one statement is all that a turn writes, it is its own commit.
    } else if (isDue("read")) fail("a read");
    return sql.exec(query, ...values);
  };
  const transactionSync = (work) =>
    storage.transactionSync(() => {
      const made = work();
      if (isDue("commit")) fail("a commit");
      return made;
    });
  const setAlarm = async (...at) => (isDue("alarm") ? fail("an alarm") : storage.setAlarm(...at));
  return changed(ctx, { storage: changed(storage, { sql: changed(sql, { exec }), transactionSync, setAlarm }) });
}

export class RuntimeHub extends app.RuntimeHub {
  constructor(ctx, env) {
    super(faulty(ctx), env);
  }
}

export const SmallHub = small.RuntimeHub;

export default {
  async fetch(request, env, ctx) {
    const { pathname } = new URL(request.url);
    if (pathname.startsWith("/small/")) return small.fetch(request, { RUNTIME_HUB: env.SMALL_HUB }, ctx);
    if (pathname !== "/faults") return app.fetch(request, env, ctx);
    faults = await request.json();
    return new Response("armed");
  },
};
