// Hosts in private networks to which plain http and ws may go, by `insecureHosts`: exactly these, with exactly these ports. The
// core knows them too (src/jose/url.rs), for what it reads; here they are for what JavaScript opens.

import { configError } from "../errors.js";

/** Whether a URL's host is this machine. */
export function isLoopback(hostname: string): boolean {
  return /^(localhost|.*\.localhost|127(\.\d+){3}|\[::1\])$/.test(hostname);
}

// What a Worker's own line has warned of: its verifier need not do so again.
const warned = new Set<string>();

/** Whether plain text may go to a URL: on this machine, where nobody listens in, or to a host that is named. */
export function mayBePlain(url: URL, insecureHosts: readonly string[] = []): boolean {
  // A URL's host is in small letters, and has no port where that is 80.
  return isLoopback(url.hostname) || insecureHosts.some((host) => new URL(`http://${host}`).host === url.host);
}

/** Refuses a list that is none. */
export function checkInsecureHosts(insecureHosts: unknown): void {
  if (insecureHosts === undefined) return;
  const isHost = (host: unknown) =>
    typeof host === "string" && /^(\[[\da-f:.]+\]|[\w-][\w.-]*)(:\d{1,5})?$/i.test(host);
  if (Array.isArray(insecureHosts) && insecureHosts.every((host) => isHost(host) && URL.canParse(`http://${host}`)))
    return;
  throw configError(
    "insecureHosts",
    'must list hosts as they stand in the URLs, with their ports, such as "keycloak:8080": no scheme, no path, no *',
  );
}

/** One line in the log: whoever is on that network reads what goes there, and can answer in the other's place. */
export function warnOfInsecureHosts(insecureHosts: readonly string[] | undefined, who: string): void {
  if (!insecureHosts?.length) return;
  const hosts = insecureHosts.join(", ");
  if (who !== "createWorker" && warned.has(hosts)) return;
  if (who === "createWorker") warned.add(hosts);
  console.warn(
    `arcgate: ${who}: plain http and ws may go to ${hosts} (insecureHosts): tokens and keys are readable on the way`,
  );
}
