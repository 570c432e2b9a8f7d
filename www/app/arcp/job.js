// Step 2: a job whose events are drawn in the order in which they came, whatever socket brought them.

import { $, busy, chip, el, fill } from "../dom.js";
import { ms } from "../jwt.js";

/** The form and the drawing. `opened` gives it a session, `closed` takes it. */
export function startJob() {
  const start = $("count-form").querySelector("button");
  let client;
  let cut;
  let running;
  let tally;
  // Which socket first brought which number.
  const carriers = new Map();

  $("count-form").addEventListener("submit", (event) => {
    event.preventDefault();
    busy(start, count);
  });
  $("drop").addEventListener("click", () => cut?.());
  $("cancel").addEventListener("click", () =>
    busy($("cancel"), () => running?.cancel("cancelled by the user").catch(failed)),
  );

  function allow() {
    start.disabled = !client || running !== undefined;
    $("drop").disabled = !client;
    $("cancel").disabled = !running;
  }

  async function count() {
    const to = $("count-to").valueAsNumber;
    tally = { to, events: 0, missing: 0, double: 0, last: 0, sockets: new Set(), current: 0 };
    fill($("tape"));
    draw();
    say("good", "submitted", "The runtime has it.");
    const began = performance.now();
    carriers.clear();
    try {
      running = await client.submit({ agent: "count", input: { to, delayMs: $("count-pause").valueAsNumber } });
      allow();
      chip($("job-state"), "good", "running");
      for await (const event of running) take(event);
      const result = await running.result;
      tally.missing += to - tally.current;
      draw();
      say("good", "done", `count came to ${JSON.stringify(result)} in ${ms(performance.now() - began)}, ${sentence()}`);
    } catch (error) {
      failed(error);
    } finally {
      running = undefined;
      allow();
    }
  }

  // Steps are numbered by the agent, so a gap or a double shows, whoever made it.
  function take({ kind, body, seq }) {
    if (kind !== "progress") return;
    tally.events += 1;
    tally.last = seq;
    const socket = carriers.get(seq);
    tally.sockets.add(socket);
    if (body.current <= tally.current) tally.double += 1;
    else tally.missing += body.current - tally.current - 1;
    tally.current = Math.max(tally.current, body.current);
    $("tape").append(
      el("i", { data: { socket: socket % 4 }, title: `step ${body.current}, event_seq ${seq}, socket ${socket}` }),
    );
    draw();
  }

  function draw() {
    const { to, current, events, last, sockets, missing, double } = tally;
    $("count-bar").max = to;
    $("count-bar").value = current;
    $("count-said").textContent = `${current} of ${to}`;
    $("proof-events").textContent = events;
    $("proof-seq").textContent = last || "–";
    $("proof-sockets").textContent = sockets.size;
    for (const [id, value] of [
      ["proof-missing", missing],
      ["proof-double", double],
    ]) {
      $(id).textContent = value;
      $(id).dataset.kind = value > 0 ? "bad" : events > 0 ? "good" : "idle";
    }
    $("tape").setAttribute("aria-label", `${events} events over ${sockets.size} sockets`);
  }

  function sentence() {
    const { events, missing, double, sockets } = tally;
    const how = missing + double === 0 ? "each once and in order" : `${missing} missing, ${double} double`;
    return `its ${events} events over ${sockets.size === 1 ? "one socket" : `${sockets.size} sockets`}, ${how}.`;
  }

  function failed(error) {
    const code = error.details?.code ?? error.code ?? error.name;
    const wasAsked = code === "CANCELLED";
    say(wasAsked ? "idle" : "bad", wasAsked ? "cancelled" : "failed", `${code}: ${error.message}`);
  }

  return {
    opened(session, cutSocket) {
      [client, cut] = [session, cutSocket];
      allow();
    },
    closed() {
      client = undefined;
      allow();
    },
    /** A frame with this number came over that socket. */
    carried(seq, number) {
      if (seq !== undefined && !carriers.has(seq)) carriers.set(seq, number);
    },
  };
}

function say(kind, state, text) {
  chip($("job-state"), kind, state);
  $("job-outcome").textContent = text;
}
