// The upstream where it is the embedded runtime: a hub's Durable Object, over a WebSocket.

import { configError } from "../../errors.js";
import type { Principal } from "../../verify/types.js";
import { pipeHeaders } from "../hub-protocol.js";
import { unreachable } from "../storage-failure.js";
import { acceptedSocket, type Upstream } from "./settings.js";

/** The longest name of a hub, in UTF-16 units. */
const LONGEST_NAME = 512;

/** What is used of a Durable Object namespace. */
export interface HubNamespace {
  idFromName(name: string): unknown;
  get(id: unknown): { fetch(url: string, init: RequestInit): Promise<Response> };
}

type HubFor = (principal: Principal) => string | Promise<string>;

/**
 * A principal's hub. `binding` is the Durable Object namespace; `hubFor(principal)` names the hub, by default one for each
 * principal.
 */
export function hubUpstream({
  binding,
  hubFor = hubsOfPrincipals(),
}: {
  binding: HubNamespace;
  hubFor?: HubFor | undefined;
}): Upstream {
  return {
    // Its resume tokens are random and bound to the principal, so they need no seal.
    isTrusted: true,
    async open(principal, _token, dialing, isPaced) {
      const name = await hubFor(principal);
      if (typeof name !== "string" || name === "" || name.length > LONGEST_NAME) {
        throw configError("hubFor", `must give a name of 1 to ${LONGEST_NAME} characters`);
      }
      if (dialing.hasCome) throw unreachable("nobody waits for the hub any more");
      const response = await upgrade(binding.get(binding.idFromName(name)), isPaced);
      const socket = acceptedSocket(response);
      // 426: a deploy is under way, and one of the two is of another version.
      if (!socket) throw unreachable(`the hub answered ${response.status} instead of upgrading`);
      return { socket, auth: { scheme: "x-vendor.arcgate.principal", token: JSON.stringify(principal) } };
    },
  };
}

// Without a signal, which would stay as long as the socket: a hub answers every close. One that doesn't (another class, or one that is
// stuck) is cut off with the request that has asked for it.
async function upgrade(hub: ReturnType<HubNamespace["get"]>, isPaced: boolean): Promise<Response> {
  try {
    return await hub.fetch("https://hub/", { headers: pipeHeaders(isPaced) });
  } catch (cause) {
    throw unreachable("the hub can't be reached", cause);
  }
}

/** So many names are kept. */
const MOST_NAMES = 1000;

/** A name for each principal, kept once it is known: the SHA-256 of its key, which is injective. */
export function hubsOfPrincipals(): HubFor {
  const names = new Map<string, string>();
  return async ({ key }) => {
    const known = names.get(key);
    if (known !== undefined) return known;
    const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(key));
    const name = Array.from(new Uint8Array(hash), (byte) => byte.toString(16).padStart(2, "0")).join("");
    names.set(key, name);
    if (names.size > MOST_NAMES) names.delete(names.keys().next().value as string);
    return name;
  };
}
