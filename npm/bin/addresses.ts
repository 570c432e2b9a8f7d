// Where the gate listens.

import { lstatSync, rmSync } from "node:fs";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { Refused } from "./refused.js";

/** The longest path of a socket that a system takes, in bytes. */
const longestPath = (platform: string) => (platform === "linux" ? 107 : 103);

/** A port as it was given. */
export function portOf(text: string, name: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (port < 65_536) return port;
  throw new Refused(`${name} ${text} is no port: give a number up to 65535`, 2);
}

/** An address as workerd has it. */
export function addressOf(host: string, port: number): string {
  if (!/^[\w.:-]+$/.test(host))
    throw new Refused(`--host ${host} is no address: give it as 127.0.0.1, 0.0.0.0 or ::1`, 2);
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Refuses a port that somebody has already: workerd's own words for it are many. */
export async function checkFree(host: string, port: number): Promise<void> {
  const code = await new Promise<string | undefined>((resolve) => {
    const server = createServer();
    server.once("error", (error) => resolve(error.code ?? "error"));
    server.listen(port, host, () => server.close(() => resolve(undefined)));
  });
  if (code === "EADDRINUSE") throw new Refused(`port ${port} is in use: give another, such as --port ${port + 1}`);
  if (code !== undefined)
    throw new Refused(`nothing can listen on ${addressOf(host, port)} (${code}): give another --host or --port`);
}

/**
 * The address at which a POST revokes. Nobody is asked there who he is, so it is one that only this machine reaches: a port on
 * loopback, or a socket, by default in the folder that is this user's alone.
 */
export function revocationsOf(
  given: string | undefined,
  data: string,
  platform: string,
): { revocations?: string; without: string } {
  const longest = longestPath(platform);
  const fits = (path: string) => new TextEncoder().encode(path).length <= longest;
  if (given === "none") return { without: "" };
  if (given === undefined) {
    const path = join(data, "revocations.sock");
    if (platform === "win32") return { without: ": give --revocations <port>" };
    if (fits(path)) return { revocations: `unix:${path}`, without: "" };
    return { without: `: ${path} is longer than ${longest} bytes, which a socket's path may have; give --revocations` };
  }
  if (given.startsWith("unix:") && given.length > "unix:".length) {
    if (fits(given.slice("unix:".length))) return { revocations: given, without: "" };
    throw new Refused(`--revocations ${given}: a socket's path has ${longest} bytes at most; give a shorter one`, 2);
  }
  const { host = "127.0.0.1", port } =
    /^(?:(?<host>127\.0\.0\.1|\[::1\]|localhost):)?(?<port>\d+)$/.exec(given)?.groups ?? {};
  if (port === undefined) {
    throw new Refused(
      `--revocations ${given} is not for this machine alone: give a port, 127.0.0.1:<port>, unix:<path>, or none`,
      2,
    );
  }
  return { revocations: `${host}:${portOf(port, "--revocations")}`, without: "" };
}

/** Removes a socket that a process has left. Refuses what is none, and one at which another process listens. */
export async function clearSocket(address: string | undefined): Promise<void> {
  if (!address?.startsWith("unix:")) return;
  const path = address.slice("unix:".length);
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (!found.isSocket()) throw new Refused(`--revocations ${address}: there is something else: give another path`);
  const isTaken = await new Promise<boolean>((resolve) => {
    const socket = connect(path, () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
  if (isTaken) {
    throw new Refused(
      `another process listens at ${path}, as an older gate with the same --data does: end it first, or give another --revocations`,
    );
  }
  rmSync(path, { force: true });
}
