// What is revoked: asked for each request and, again and again, for live sessions; said by `revoke`. The core says what an entry
// is about, and how old its replica of them may be; this asks the store.
//
// The entries are in a Durable Object (revocation-store.ts). A KV namespace would be the simpler place, and takes up to a
// minute to be the same everywhere. Each isolate keeps a replica, and nobody is let in by one that is older than two seconds.

import { ArcgateError, configError } from "../errors.js";
import { MachineDriver } from "../platform/machine-driver.js";
import { call, gate, guarded, ready } from "../platform/modules/gate.js";
import { checkRecord, membersOf } from "../platform/options.js";
import type { Principal } from "../verify/types.js";
import type { RevocationReplica } from "../wasm/gate.js";
import { AGING, REVOKED } from "./numbers.js";
import type { Revocation } from "./types.js";

const BINDING = "REVOCATIONS";
/** A replica may be this old. */
const MAX_AGE_MS = 2000;
const TIMEOUT_MS = 3000;
/** What an entry may have: methods of these names are no helpers of its class. */
const MEMBERS = ["issuer", "jti", "sub", "before"];

/** How fresh an answer must be, and what keeps an update alive behind a response. */
interface Asking {
  maxAgeMs?: number | undefined;
  waitUntil?: ((promise: Promise<unknown>) => void) | undefined;
}

/** What is used of a Durable Object namespace. */
interface Namespace {
  idFromName(name: string): unknown;
  get(id: unknown): { fetch(url: string, init?: RequestInit): Promise<Response> };
}

/** The revocations of one deployment. `env.REVOCATIONS` is a namespace of RevocationStore; without it nothing is asked. */
export class Revocations {
  #maxLifetimeSec: number;
  #now: () => number;
  #replicas = new WeakMap<object, MachineDriver<RevocationReplica>>();

  /** Entries are kept for `maxTokenLifetimeSec`, and no token that lives longer is let in. */
  constructor({ maxTokenLifetimeSec, now = Date.now }: { maxTokenLifetimeSec: number; now?: () => number }) {
    this.#maxLifetimeSec = maxTokenLifetimeSec;
    this.#now = now;
  }

  /** Whether there is anything to ask about this principal. */
  applies(env: unknown, { kind }: Pick<Principal, "kind">): boolean {
    return kind === "jwt" && bindingOf(env) !== undefined;
  }

  /**
   * Whether the JWT of a principal is revoked. `credentials` are those that it was verified by. Throws
   * ERR_VERIFIER_UNAVAILABLE (retryable) when the store can't be asked, and ERR_TOKEN_CLAIM when the token lives longer than
   * entries are kept.
   */
  async isRevoked(
    env: unknown,
    principal: Principal,
    credentials: { token?: unknown } | undefined,
    { maxAgeMs = MAX_AGE_MS, waitUntil }: Asking = {},
  ): Promise<boolean> {
    const binding = bindingOf(env);
    if (binding === undefined || !this.applies(env, principal)) return false;
    const replica = this.#replicaOf(binding);
    const { issuer = "", id, expiresAt } = principal;
    const token = typeof credentials?.token === "string" ? credentials.token : undefined;
    const ask = (maxAge: number | undefined) =>
      guarded(() =>
        replica.machine.isRevoked(issuer, id, expiresAt, token, maxAge, waitUntil !== undefined, this.#now()),
      );
    let answer = ask(maxAgeMs);
    if (answer === undefined) {
      await this.#update(binding, replica);
      answer = ask(undefined);
      // A trap of the module has just taken what the store had told.
      if (answer === undefined) throw unavailable("the revocations that were fetched are lost");
    }
    const [isRevoked, isAging] = [(answer & REVOKED) !== 0, (answer & AGING) !== 0];
    if (isAging) waitUntil?.(this.#update(binding, replica).catch(() => {}));
    return isRevoked;
  }

  /** Revokes. Every isolate knows it two seconds after this has resolved. */
  async revoke(env: unknown, entry: Revocation): Promise<void> {
    checkRecord(entry, "entry");
    await ready();
    const body = call("revocationEntry", entryJson(entry), this.#maxLifetimeSec, this.#now());
    const binding = bindingOf(env);
    if (binding === undefined) {
      throw configError(BINDING, "is not bound: bind a Durable Object namespace of the class RevocationStore to it");
    }
    const { status } = await ask(binding, "/add", { method: "POST", body });
    if (status === 507) throw unavailable("the store of revocations is full");
    if (status !== 204) throw unavailable(`the store of revocations answered ${status}`);
    this.#replicas.delete(binding);
  }

  #replicaOf(binding: object): MachineDriver<RevocationReplica> {
    let replica = this.#replicas.get(binding);
    if (replica === undefined) {
      replica = new MachineDriver(gate, { make: () => new gate.bindings.RevocationReplica(this.#maxLifetimeSec) });
      this.#replicas.set(binding, replica);
    }
    return replica;
  }

  // Each request does this for itself: a promise of another one may never settle. What was asked for one machine says nothing to
  // the one after a trap, which has nothing yet: that asks from the beginning.
  async #update(binding: object, replica: MachineDriver<RevocationReplica>): Promise<void> {
    const askedAt = this.#now();
    for (let isMore = true; isMore; ) {
      const { machine } = replica;
      const path = guarded(() => machine.path());
      const response = await ask(binding, path);
      if (response.status !== 200) throw unavailable(`the store of revocations answered ${response.status}`);
      const changes = await read(response);
      if (replica.isCurrent(machine)) isMore = guarded(() => machine.handleChanges(changes, askedAt));
    }
  }
}

// What an entry is about are texts and numbers, and every text is one, whatever it begins with. All else is null, which the core
// refuses: what an object would say of itself as JSON may be nothing, and an entry that lacks a name is about more than was meant.
function entryJson(entry: object): string {
  const given = membersOf(entry, MEMBERS);
  const members = Reflect.ownKeys(given).map((key) => {
    const value = given[key as string];
    const isPlain = typeof value === "string" || typeof value === "number" || (key === "before" && value === undefined);
    return [String(key), isPlain ? value : null];
  });
  return JSON.stringify(Object.fromEntries(members));
}

function bindingOf(env: unknown): object | undefined {
  const binding = (env as Record<string, object | null> | null | undefined)?.[BINDING];
  return binding ?? undefined;
}

async function ask(binding: object, path: string, init: RequestInit = {}): Promise<Response> {
  const namespace = binding as Partial<Namespace>;
  if (typeof namespace.idFromName !== "function" || typeof namespace.get !== "function") {
    throw configError(BINDING, "must be a Durable Object namespace of the class RevocationStore");
  }
  try {
    const stub = namespace.get(namespace.idFromName("revocations"));
    return await stub.fetch(`https://revocations${path}`, { ...init, signal: AbortSignal.timeout(TIMEOUT_MS) });
  } catch (cause) {
    throw unavailable("the store of revocations can't be reached", cause);
  }
}

async function read(response: Response): Promise<string> {
  try {
    return await response.text();
  } catch (cause) {
    throw unavailable("the store of revocations broke off", cause);
  }
}

// Whoever can't be looked up is not let in.
function unavailable(message: string, cause?: unknown): ArcgateError {
  return new ArcgateError("ERR_VERIFIER_UNAVAILABLE", message, {
    retryable: true,
    details: { fault: "configuration" },
    cause,
  });
}
