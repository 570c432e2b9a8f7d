// Step 1: the session, from hello to goodbye. Step 3: its sockets, cut, and what the client tells of that.

import { $, busy, chip, el, fill, list, show } from "../dom.js";
import { ms } from "../jwt.js";
import { explain, isRunning } from "../problem.js";
import { goTo } from "../steps.js";
import { addFrame, addMark } from "./frames.js";
import { watchedWebSocket } from "./watch.js";

// Attempts until an outage is more than a pause.
const MANY = 4;
const kinds = { connecting: "idle", open: "good", reconnecting: "warn", resumed: "good", closed: "idle" };

/** The session of this page. `parts` are told when there is one and when it has gone. */
export function startConnection({ users, job, parts }) {
  const watched = watchedWebSocket({
    onFrame(frame) {
      const { seq } = addFrame(frame);
      if (frame.way === "in") job.carried(seq, frame.number);
    },
    onSocket: (number) => addMark(`socket ${number}`),
    onEnd({ number, code, reason, isCut }) {
      addMark(`socket ${number} ${isCut ? "cut by you" : `ended: ${[code, reason].filter(Boolean).join(", ")}`}`);
    },
  });
  let client;
  let began = 0;

  $("open").addEventListener("click", () => busy($("open"), connect));
  $("close").addEventListener("click", () => busy($("close"), () => client?.close("closed by the user")));
  $("drop").addEventListener("click", () => watched.cut());
  $("open").disabled = false;

  async function connect() {
    began = performance.now();
    fill($("connect-outcome"));
    fill($("told"));
    try {
      client = await users.connect("demo", { WebSocket: watched.WebSocket, onEvent: told });
    } catch (error) {
      chip($("state"), "bad", "closed");
      fill($("connect-outcome"), explain(error));
      return;
    }
    fill($("connect-outcome"), about(client));
    const wasHere = $("open").contains(document.activeElement);
    show($("close"), true);
    show($("open"), false);
    if (wasHere) goTo("job");
    for (const part of parts) part.opened(client);
    client.closed.then(gone);
  }

  function gone({ code, reason }) {
    show($("open"), true);
    show($("close"), false, $("open"));
    for (const part of parts) part.closed();
    if (code !== "CLOSED") fill($("connect-outcome"), `The session has ended: ${reason || code}.`);
  }

  // Who looks at another step is not taken from there.
  function showOutage({ type, attempt }) {
    if (type === "resumed" || type === "open") fill($("connect-outcome"), ...(client ? [about(client)] : []));
    if (type !== "reconnecting" || attempt !== MANY) return;
    const title = el("strong", { textContent: "The gate has not answered for some time." });
    fill($("connect-outcome"), el("p", { className: "wrong" }, title, ` ${isRunning}`));
  }

  function told(event) {
    const { type } = event;
    for (const part of parts) part.told?.(event);
    if (type in kinds) {
      chip($("state"), event.error ? "bad" : kinds[type], type);
      showCut(type, event.attempt);
      showOutage(event);
    }
    const line = el(
      "li",
      {},
      el("span", { className: "when", textContent: `+${ms(performance.now() - began)}` }),
      el("b", { textContent: type, data: { kind: kinds[type] ?? "idle" } }),
      el("span", { className: "detail", textContent: words(event) }),
    );
    $("told").append(line);
  }
}

// The button that cuts is there while there is something to cut. Its focus waits beside it until then.
function showCut(type, attempt) {
  const hasSocket = type === "open" || type === "resumed";
  const note = $("no-socket");
  const wasWaiting = document.activeElement === note;
  note.textContent =
    type === "closed"
      ? "There is no socket to cut: step 1 opens one."
      : `No socket: the client connects again… ${attempt >= MANY ? isRunning : ""}`;
  note.hidden = false;
  show($("drop"), hasSocket, note);
  if (hasSocket && wasWaiting) $("drop").focus();
  note.hidden = hasSocket;
  chip($("sockets"), hasSocket ? "good" : type === "closed" ? "idle" : "warn", hasSocket ? "a socket" : "no socket");
}

function about({ sessionId, runtime, agents, features, heartbeatIntervalSec }) {
  return list([
    ["session", [el("code", { textContent: sessionId })]],
    ["runtime", [`${runtime.name} ${runtime.version}`]],
    ["agents", [agents.map(({ name }) => name).join(", ")]],
    ["features", [[...features].join(", ")]],
    ["heartbeat", [heartbeatIntervalSec === undefined ? "none" : `every ${heartbeatIntervalSec} s`]],
  ]);
}

// An event in words.
function words({ type, sessionId, attempt, delayMs, code, reason, jobs = [] }) {
  if (type === "connecting") return attempt > 1 ? `attempt ${attempt}` : "";
  if (type === "reconnecting") return `in ${ms(delayMs)}, because ${reason}`;
  if (type === "lost") return [reason, ...jobs].join(" ");
  if (type === "closed") return [code, reason].filter(Boolean).join(": ");
  return sessionId ?? "";
}
