// The README's table: what a user chooses by, taken from the tables of docs/BENCHMARKS.md.

/** The short table; what has not been measured is a dash. */
export function summary(page) {
  const http = rowsOf(page, "http", "A request in workerd");
  const size = rowsOf(page, "verify", "Size");
  const sessions = rowsOf(page, "gate", "Sessions");
  // ES256, new and seen before, without the noise.
  const request = (name) => pair(http[name], 0, 1);
  const session = (name) => pair(sessions[name], 1, 2);
  const hubs = rowsOf(page, "hub", "CPU of the server");
  const hub = (name) => pair(hubs[name], 1, 4);
  const page_ = (name) => size[name]?.[2] ?? "—";
  const login = page_("a login with TokenManager, besides");
  const rows = [
    [
      "a request whose token is verified: a new token · one seen before (µs of CPU, workerd, ES256)",
      request("`authenticateRequest`"),
      `jose ${request("jose")}, Hono ${request("Hono, `jwk`")}, nothing checked ${request("bare")}`,
    ],
    [
      "`POST /arc`, answered by an agent, likewise",
      request("`POST /arc`, `echo`"),
      `a Worker that reads, answers and logs, and checks nothing ${request("bare: body, fields, log")}`,
    ],
    [
      "`POST /arc` before an upstream, likewise",
      request("`POST /arc`, upstream"),
      `a bare forwarder with jose ${request("bare forwarder with jose")}`,
    ],
    ["a page that verifies (kB, brotli)", page_("arcgate/verify"), `jose ${page_("jose")}`],
    [
      "a page that keeps people's tokens · what a login there loads besides (kB, brotli)",
      `${page_("arcgate/client: TokenManager")} · ${login}`,
      `oidc-client-ts ${page_("oidc-client-ts")}, auth0-spa-js ${page_("auth0-spa-js")}; a login loads nothing more`,
    ],
    [
      "a session through the gate to an upstream: its handshake · a frame (µs of CPU)",
      session("gate, upstream"),
      `a pipe that checks nothing ${session("bare pipe, upstream")}`,
    ],
    [
      "agents in the Worker, which write to disk before they tell: a frame of an echo · of a burst, ten at a time (µs of CPU)",
      hub("hub, on disk"),
      `the same in memory ${hub("hub that keeps nothing")}, the Python SDK’s runtime ${hub("Python SDK’s runtime")}`,
    ],
  ];
  return ["| | arcgate | beside it |", "|---|---|---|", ...rows.map((cells) => `| ${cells.join(" | ")} |`)].join("\n");
}

const pair = (cells, one, other) =>
  cells ? [cells[one], cells[other]].map((cell) => cell.split(" ")[0]).join(" · ") : "—";

// The rows of the table under this title in a part's place: what stands in the first cell, and the others.
function rowsOf(page, part, title) {
  const place = page.split(`<!-- bench-${part} -->`)[1]?.split(`<!-- /bench-${part} -->`)[0] ?? "";
  const table = place.split(`**${title}`)[1]?.split("\n\n")[1] ?? "";
  const rows = table
    .split("\n")
    .slice(2)
    .map((line) => line.split("|").map((cell) => cell.trim()));
  return Object.fromEntries(rows.map(([, name, ...cells]) => [name, cells.slice(0, -1)]));
}
