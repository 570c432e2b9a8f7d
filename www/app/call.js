// Step 3: calls to POST /arc, answered, streamed and refused.

import { $, busy, chip, el, fill } from "./dom.js";
import { Exchange, statusText } from "./exchange.js";
import { Problem, parsed, requestToken, send } from "./http.js";
import { ms } from "./jwt.js";
import { kindOf } from "./log.js";
import { onToken, session } from "./session.js";
import { events } from "./sse.js";

const requestAgent = "playground";
const brokenOff = new Problem(
  "The answer broke off",
  "The Worker ended the connection: its log in the terminal says why.",
);

export function startCall() {
  const exchange = new Exchange($("call-exchange"), {
    sent: "an ARC envelope: which method, of which agent",
    received: "status, headers, and the agent’s answer",
  });
  const [echo, count] = ["echo-form", "count-form"].map((id) => $(id).querySelector("button.main"));
  let enabled = false;
  let streaming;
  outcome("idle", "–", "What the Worker answered, in a sentence.");

  const press = (button, work) => busy(button, () => work().catch(failed));
  $("echo-form").addEventListener("submit", (event) => {
    event.preventDefault();
    press(echo, callEcho);
  });
  $("count-form").addEventListener("submit", (event) => {
    event.preventDefault();
    press(count, streamCount);
  });
  $("count-stop").addEventListener("click", () => streaming?.abort());
  $("call-without").addEventListener("click", ({ currentTarget }) => press(currentTarget, callWithout));
  $("call-few").addEventListener("click", ({ currentTarget }) => press(currentTarget, callWithFew));
  onToken(allow);

  function allow() {
    $("call-without").disabled = $("call-few").disabled = !enabled;
    echo.disabled = count.disabled = !enabled || !session.token;
  }

  async function callEcho() {
    const answer = await post({ method: "task.create", agent: "echo", text: $("echo-text").value });
    const said = answer.json?.result?.task?.messages?.at(-1)?.parts?.[0]?.content;
    tell(answer, `echo gave it back: “${said}”`);
  }

  async function callWithout() {
    tell(await post({ method: "task.create", agent: "echo", text: "let me in", token: null }));
  }

  async function callWithFew() {
    const [client] = session.settings.clients;
    const { received, token } = await requestToken(client, ["arc.task.controller"]);
    if (!token) throw new Problem(`The provider refused: ${received.status}`, "It gave no token of fewer scopes.");
    tell(await post({ method: "task.create", agent: "echo", text: "let me in", token }));
  }

  async function streamCount() {
    const to = $("count-to").valueAsNumber;
    const input = JSON.stringify({ to, delayMs: $("count-pause").valueAsNumber });
    streaming = new AbortController();
    $("count-stop").disabled = false;
    meter(0, to, "starting…");
    try {
      await readStream(await open({ method: "chat.start", agent: "count", text: input, stream: true }), to);
    } catch (error) {
      if (error.name !== "AbortError") throw error;
      meter($("count-bar").value, to, `stopped at ${$("count-bar").value} of ${to}`);
      outcome("idle", "stopped", "The page hung up, and the Worker stopped the agent.");
    } finally {
      $("count-stop").disabled = true;
      streaming = undefined;
    }
  }

  async function readStream({ response, began }, to) {
    if (!response.headers.get("content-type")?.startsWith("text/event-stream")) {
      meter(0, to, "not counting");
      return tell(await whole(response));
    }
    const pane = exchange.streaming(response);
    outcome("good", statusText(response.status), "The answer is a stream; it arrives in the pane below.");
    chip($("called"), "good", "streaming");
    let failure;
    let last;
    for await (const { event, data, text } of events(response.body)) {
      pane.append(text);
      if (event === "error") failure = data.error;
      if (event !== "stream") continue;
      const said = parsed(data.message.parts[0].content);
      if (said?.kind === "progress")
        meter(said.body.current, said.body.total, `${said.body.current} of ${said.body.total}`);
      else last = said;
    }
    const took = performance.now() - began;
    response.finished();
    pane.done(took);
    if (failure) outcome("bad", String(failure.code), `The stream was cut: ${failure.message}.`);
    else
      outcome(
        "good",
        statusText(response.status),
        `count reached ${last}, in ${ms(took)}, each step drawn as it came.`,
      );
    chip($("called"), failure ? "bad" : "good", failure ? "cut" : "streamed");
  }

  async function post(call) {
    const { response } = await open(call);
    return whole(response);
  }

  // Sends an envelope. `token: null` sends none.
  async function open({ method, agent, text, stream = false, token = session.token }) {
    const envelope = {
      arc: "1.0",
      id: crypto.randomUUID(),
      method,
      requestAgent,
      targetAgent: agent,
      params: {
        initialMessage: { role: "user", parts: [{ type: "TextPart", content: text }] },
        ...(stream && { stream }),
      },
    };
    const headers = { ...(token && { Authorization: `Bearer ${token}` }), "Content-Type": "application/arc+json" };
    const sent = { method: "POST", url: "/arc", headers, body: JSON.stringify(envelope) };
    exchange.sent(sent);
    const began = performance.now();
    const response = await send({ ...sent, signal: stream ? streaming.signal : undefined });
    return { response, began };
  }

  async function whole(response) {
    const text = await response.text();
    const { status, headers, took } = response;
    exchange.received({ status, headers, text, took });
    return { status, headers, text, took, json: parsed(text) };
  }

  function failed(error) {
    const known = error instanceof Problem;
    const { title, message } = known ? error : brokenOff;
    exchange.failed({ title, message });
    outcome("bad", "no answer", `${title}. ${message}`);
    chip($("called"), "bad", "no answer");
  }

  return {
    enable() {
      enabled = true;
      allow();
    },
  };
}

// An answer in a sentence: what its status means for whoever called.
function tell({ status, json, took }, success) {
  const { code, details } = json?.error ?? {};
  const missing = details?.required_scopes?.filter((scope) => !details.provided_scopes.includes(scope));
  const sentences = {
    401:
      code === -44004
        ? "The token has ended: get another in step 1."
        : "Who calls is not known, so nothing was read. WWW-Authenticate says what to bring.",
    403: `The token is good and names its bearer, but lacks ${missing?.join(" ")}.`,
    500: "The Worker’s own mistake: its log in the terminal says which.",
    503: "The Worker can’t verify now. Retry-After says when to ask again.",
  };
  const sentence = status < 400 ? success : (sentences[status] ?? json?.error?.message ?? "Refused.");
  outcome(kindOf(status), statusText(status), sentence);
  chip($("called"), kindOf(status), `${status} in ${ms(took)}`);
}

function outcome(kind, title, sentence) {
  fill(
    $("call-outcome"),
    el(
      "p",
      {},
      el("strong", { className: "status", textContent: title, data: { kind } }),
      " ",
      el("span", { textContent: sentence }),
    ),
  );
}

function meter(value, max, text) {
  $("count-bar").max = max;
  $("count-bar").value = value;
  $("count-said").textContent = text;
}
