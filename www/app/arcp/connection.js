// Step 1: the session, from hello to goodbye, and what the client tells of it.

import { $, busy, chip, el } from "../dom.js";
import { ms } from "../jwt.js";
import { addFrame, addMark } from "./frames.js";
import { watchedWebSocket } from "./watch.js";

const kinds = { connecting: "idle", open: "good", reconnecting: "warn", resumed: "good", closed: "idle" };

/** The session of this page. `job` is told when there is one and when it has gone. */
export function startConnection({ arcgate, settings, job }) {
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
  let tokens;
  let client;
  let began = 0;

  $("open").addEventListener("click", () => busy($("open"), connect));
  $("close").addEventListener("click", () => busy($("close"), () => client?.close("closed by the user")));
  $("open").disabled = false;

  async function connect() {
    began = performance.now();
    $("open").disabled = true;
    try {
      tokens ??= await manager();
      const url = new URL("/arcp", location.href);
      url.protocol = url.protocol.replace("http", "ws");
      client = await arcgate.ArcpClient.connect(url.href, {
        client: { name: "playground", version: arcgate.version },
        auth: { scheme: "bearer", token: tokens },
        WebSocket: watched.WebSocket,
        onEvent: told,
      });
    } catch (error) {
      failed(error);
      $("open").disabled = false;
      return;
    }
    about(client);
    $("close").disabled = false;
    job.opened(client, watched.cut);
    client.closed.then(() => {
      $("open").disabled = false;
      $("close").disabled = true;
      job.closed();
    });
  }

  async function manager() {
    const [{ id, secret }] = settings.clients;
    return arcgate.TokenManager.create({
      type: "client_credentials",
      issuer: settings.issuer,
      clientId: id,
      clientSecret: secret,
      clientAuth: "client_secret_post",
      resource: settings.audience,
      scope: "arc.agent.caller arc.task.controller",
    });
  }

  function told(event) {
    const { type } = event;
    if (type in kinds) state(type);
    if (type === "closed" && event.error) chip($("state"), "bad", "closed");
    tell(type, words(event));
  }

  // Before there was a connection to speak of: the client says what it lacks.
  function failed(error) {
    if ($("state").textContent === "closed") return;
    state("closed");
    chip($("state"), "bad", "closed");
    tell("closed", `${error.code ?? error.name}: ${error.message}`);
  }

  function tell(what, detail) {
    const list = $("told");
    const line = el(
      "li",
      {},
      el("span", { className: "when", textContent: `+${ms(performance.now() - began)}` }),
      el("b", { textContent: what, data: { kind: kinds[what] ?? "idle" } }),
      el("span", { className: "detail", textContent: detail }),
    );
    list.append(line);
    list.scrollTop = list.scrollHeight;
  }
}

function state(name) {
  chip($("state"), kinds[name], name);
  for (const item of $("states").children) {
    if (item.dataset.state === name) item.setAttribute("aria-current", "step");
    else item.removeAttribute("aria-current");
  }
}

function about(client) {
  const heartbeat = client.heartbeatIntervalSec;
  const values = {
    session: client.sessionId,
    runtime: `${client.runtime.name} ${client.runtime.version}`,
    agents: client.agents.map(({ name }) => name).join(", "),
    features: [...client.features].join(", "),
    heartbeat: heartbeat === undefined ? "none" : `every ${heartbeat} s`,
  };
  for (const [name, value] of Object.entries(values))
    document.querySelector(`[data-about=${name}]`).textContent = value || "–";
}

// An event in words.
function words({ type, sessionId, attempt, delayMs, code, reason, jobs = [] }) {
  if (type === "connecting") return attempt > 1 ? `attempt ${attempt}` : "";
  if (type === "reconnecting") return `in ${ms(delayMs)}, because ${reason}`;
  if (type === "lost") return [reason, ...jobs].join(" ");
  if (type === "closed") return [code, reason].filter(Boolean).join(": ");
  return sessionId ?? "";
}
