// Where an upstream is: a URL, or a service binding.

import { configError } from "../errors.js";
import { mayBePlain } from "../platform/insecure-hosts.js";
import type { ServiceBinding } from "./types.js";

/** Where requests go: a service binding has no URL of its own. */
export interface UpstreamTarget {
  url?: URL;
  fetch(url: string, init: RequestInit): Promise<Response>;
}

/**
 * Reads an `upstream` option, which stands at `path`. `schemes` are those that may be used; the last one of them on loopback only, where nobody listens in, and to `insecureHosts`.
 */
export function upstreamTarget(
  upstream: unknown,
  path: string,
  { schemes = ["https:", "http:"], insecureHosts }: { schemes?: string[]; insecureHosts?: readonly string[] } = {},
): UpstreamTarget {
  const binding = upstream as Partial<ServiceBinding> | null | undefined;
  if (typeof binding?.fetch === "function")
    return { fetch: (url, init) => (binding as ServiceBinding).fetch(url, init) };
  if (typeof upstream !== "string") throw configError(path, "must be a URL, or a service binding");
  let url: URL;
  try {
    url = new URL(upstream);
  } catch {
    throw configError(path, "is not a URL: write it whole, such as https://agents.example.com/arc/");
  }
  // The URL itself is not shown: it may hold what should not be there.
  if (url.username || url.password) throw configError(path, "holds a password; `upstreamAuth` is the place for it");
  if (url.hash || upstream.endsWith("#")) throw configError(path, "has a fragment, which is never sent");
  const last = schemes.at(-1);
  if (!schemes.includes(url.protocol) || (url.protocol === last && !mayBePlain(url, insecureHosts))) {
    throw configError(path, `must be ${schemes[0]}// (${last}// on loopback and to \`insecureHosts\` only)`);
  }
  return { url, fetch: (target, init) => globalThis.fetch(target, init) };
}
