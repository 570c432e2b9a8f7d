// The upstream where its sessions are held: a principal's Durable Object, over a WebSocket, which has the socket to the runtime.

import { pipeHeaders, presentedHeaders } from "../hub-protocol.js";
import { unreachable } from "../storage-failure.js";
import { type HubNamespace, hubsOfPrincipals } from "./embedded-runtime.js";
import { acceptedSocket, type Upstream } from "./settings.js";

const nameOf = hubsOfPrincipals();

/** The sessions that are held for a principal. `binding` is the Durable Object namespace. */
export function heldUpstream({ binding }: { binding: HubNamespace }): Upstream {
  return {
    // Its resume tokens are random and bound to the principal, so they need no seal.
    isTrusted: true,
    async open(principal, token, { signal }, isPaced) {
      const name = await nameOf(principal);
      signal.throwIfAborted();
      const headers = { ...pipeHeaders(isPaced), ...presentedHeaders(token) };
      let response: Response;
      try {
        response = await binding.get(binding.idFromName(name)).fetch("https://hold/", { headers, signal });
      } catch (cause) {
        throw unreachable("the hold can't be reached", cause);
      }
      const socket = acceptedSocket(response);
      // 426: a deploy is under way, and one of the two is of another version.
      if (!socket) throw unreachable(`the hold answered ${response.status} instead of upgrading`);
      return { socket, auth: { scheme: "x-vendor.arcgate.principal", token: JSON.stringify(principal) } };
    },
  };
}
