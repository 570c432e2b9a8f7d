// Step 3: an agent is called over ARC, answers, streams, and is kept from whoever may not call it.

import { $, busy, chip, el, fill, show } from "./dom.js";
import { Exchange, statusText } from "./exchange.js";
import { clientTokens } from "./get.js";
import { shownFetch } from "./http.js";
import { ms } from "./jwt.js";
import { kindOf } from "./log.js";
import { explain } from "./problem.js";
import { onToken, session } from "./session.js";

const endpoint = new URL("/arc", location.href).href;
const requestAgent = "playground";

export function startCall() {
  const exchange = new Exchange($("call-exchange"), {
    sent: "an ARC envelope: which method, of which agent",
    received: "status, headers, and the agent’s answer",
  });
  const [echo, count] = ["echo-form", "count-form"].map((id) => $(id).querySelector("[type=submit]"));
  let streaming;

  // Each press has an answer of its own: another one, pressed while it waits or streams, must not be told with its status.
  const press = (button, work) =>
    busy(button, () => {
      const call = startOne(exchange);
      return work(call).catch(call.failed);
    });
  for (const [id, button, work] of [
    ["echo-form", echo, callEcho],
    ["count-form", count, streamCount],
  ])
    $(id).addEventListener("submit", (event) => {
      event.preventDefault();
      if (!button.disabled) press(button, work);
    });
  $("count-stop").addEventListener("click", () => streaming?.abort());
  $("call-without").addEventListener("click", ({ currentTarget }) => press(currentTarget, callWithout));
  $("call-few").addEventListener("click", ({ currentTarget }) => press(currentTarget, callWithFew));
  onToken(() => {
    echo.disabled = count.disabled = false;
  });

  const client = (token, { fetch }) => session.arcgate.ArcClient.create({ endpoint, requestAgent, token, fetch });

  async function callEcho(call) {
    const agents = await client(session.tokens, call);
    const { task } = await agents.task.create({ targetAgent: "echo", initialMessage: $("echo-text").value });
    call.came(`echo gave it back: “${task.messages.at(-1).parts[0].content}”`);
  }

  async function streamCount(call) {
    const to = $("count-to").valueAsNumber;
    const initialMessage = JSON.stringify({ to, delayMs: $("count-pause").valueAsNumber });
    const began = performance.now();
    streaming = new AbortController();
    const { signal } = streaming;
    meter(0, to, "starting…");
    $("meter").hidden = false;
    show($("count-stop"), true);
    try {
      const agents = await client(session.tokens, call);
      for await (const { message } of agents.chat.start({
        targetAgent: "count",
        initialMessage,
        stream: true,
        signal,
      })) {
        const step = message && JSON.parse(message.parts[0].content);
        if (step?.kind === "progress") meter(step.body.current, to, `${step.body.current} of ${to}`);
      }
      call.came(`count reached ${to}, in ${ms(performance.now() - began)}, each step drawn as it came.`);
    } catch (error) {
      if (!signal.aborted) throw error;
      meter($("count-bar").value, to, `stopped at ${$("count-bar").value} of ${to}`);
      outcome("idle", "stopped", "The page hung up, and the Worker stopped the agent.");
    } finally {
      show($("count-stop"), false, count);
    }
  }

  // No client would do so: the request is written by hand.
  async function callWithout({ fetch, came }) {
    const message = { role: "user", parts: [{ type: "TextPart", content: "let me in" }] };
    const method = "task.create";
    const params = { initialMessage: message };
    const body = JSON.stringify({ arc: "1.0", id: "1", method, requestAgent, targetAgent: "echo", params });
    await fetch(endpoint, { method: "POST", headers: { "Content-Type": "application/arc+json" }, body });
    came("Who calls is not known, so nothing was read. WWW-Authenticate says what to bring.");
  }

  async function callWithFew(call) {
    const scopes = ["arc.task.controller"];
    const tokens = await clientTokens(session.settings.clients[0], { scopes, fetch: call.fetch });
    const agents = await client(tokens, call);
    await agents.task.create({ targetAgent: "echo", initialMessage: "let me in" });
  }

  return {
    enable() {
      $("call-without").disabled = $("call-few").disabled = false;
    },
  };
}

// One call: the fetch for its requests, and what tells how it ended.
function startOne(exchange) {
  // The answer to its last request.
  let answer;

  async function fetch(...request) {
    answer = undefined;
    answer = await shownFetch(exchange)(...request);
    return answer;
  }

  // An answer in a sentence.
  function came(words, ...more) {
    const { status, took } = answer;
    outcome(kindOf(status), statusText(status), words, ...more);
    chip($("called"), kindOf(status), `${status} in ${ms(took)}`);
  }

  function failed(error) {
    if (answer && answer.status >= 400) return came(meaning(answer.status, error), explain(error));
    if (error instanceof TypeError) return outcome("bad", "no answer", "Is npm start still running in the terminal?");
    outcome("bad", answer ? "broke off" : "no answer", "", explain(error));
    chip($("called"), "bad", "no answer");
  }

  return { fetch, came, failed };
}

// What a status means for whoever called.
function meaning(status, { details }) {
  if (status === 403) return "The token is good and names its bearer, but it does not allow this.";
  if (status === 401) return "The token was refused: get another in step 1.";
  return details?.fault === "caller" ? "The call was refused." : "The Worker can’t do it now.";
}

function outcome(kind, title, words, ...more) {
  const line = el(
    "p",
    {},
    el("strong", { className: "status", textContent: title, data: { kind } }),
    " ",
    el("span", { textContent: words }),
  );
  fill($("call-outcome"), line, ...more);
}

function meter(value, max, text) {
  $("count-bar").max = max;
  $("count-bar").value = value;
  $("count-said").textContent = text;
}
