// How many sockets fit into the descriptors that this process may have: where they run out, workerd ends, and everybody's
// sessions with it.

import { execFileSync } from "node:child_process";

/** The Worker's own default of `limits.maxConnections`. */
const USUAL = 2000;
/** A socket takes two, and the live object behind it three. */
const EACH = 5;
/** The rest is for requests of /arc, upstreams, keys and the store. */
const SHARE = 0.75;

/**
 * Raises the soft limit to the hard one, then starts what follows it. Ctrl-C, which the terminal sends to the whole group, is not for
 * that: it would end with requests under way.
 */
export const raised = ["-c", 'trap "" INT HUP; ulimit -n "$(ulimit -Hn)" 2>/dev/null; exec "$0" "$@"'];

/** The limit after that; infinite where there is none, or none that can be asked about. */
export function descriptorLimit(): number {
  try {
    const said = execFileSync("sh", [...raised, "sh", "-c", "ulimit -n"], { encoding: "utf8" }).trim();
    return /^\d+$/.test(said) ? Number(said) : Number.POSITIVE_INFINITY;
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}

/**
 * The `MAX_CONNECTIONS` that fits, and a line for the log. `wanted` is what the environment says, if anything: what is no number
 * is left for the Worker to refuse.
 */
export function fitting(
  limit: number,
  wanted: string | undefined,
): { maxConnections: string | undefined; line: string } {
  const asked = wanted === undefined || wanted === "" ? USUAL : Number(wanted);
  if (!(asked > 0)) return { maxConnections: wanted, line: `${limit} descriptors` };
  const fits = Math.max(1, Math.floor((limit * SHARE) / EACH));
  if (!(asked > fits)) return { maxConnections: wanted, line: `${limit} descriptors: room for ${asked} sockets` };
  const needed = Math.ceil((asked * EACH) / SHARE);
  return {
    maxConnections: String(fits),
    line: `${limit} descriptors: room for ${fits} sockets, so MAX_CONNECTIONS is ${fits} and not ${asked}; for that, raise the hard limit to ${needed} (ulimit -Hn, LimitNOFILE=)`,
  };
}
