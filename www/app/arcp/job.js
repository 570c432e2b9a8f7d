// Step 2: a job whose events are drawn in the order in which they came, whatever socket brought them.

import { $, allow, busy, chip, el, fill, show } from "../dom.js";
import { ms } from "../jwt.js";
import { explain } from "../problem.js";
import { unfold } from "../steps.js";

/** The form and the drawing. `opened` gives it a session, `closed` takes it; `onJob` hears of each job, and of its end. */
export function startJob({ onJob }) {
  const start = $("count-form").querySelector("[type=submit]");
  let client;
  let running;
  let tally;
  // Which socket first brought which number.
  const carriers = new Map();

  $("count-form").addEventListener("submit", (event) => {
    event.preventDefault();
    busy(start, count);
  });
  $("cancel").addEventListener("click", () =>
    busy($("cancel"), () => running?.cancel("cancelled by the user").catch(failed)),
  );

  async function count() {
    const to = $("count-to").valueAsNumber;
    tally = { to, events: 0, missing: 0, double: 0, last: 0, socket: 0, sockets: 0, current: 0 };
    fill($("tape"));
    fill($("job-outcome"));
    draw();
    for (const id of ["meter", "tape", "proof"]) $(id).hidden = false;
    unfold("cut");
    chip($("job-state"), "idle", "submitted");
    const began = performance.now();
    carriers.clear();
    try {
      running = await client.submit({ agent: "count", input: { to, delayMs: $("count-pause").valueAsNumber } });
      onJob(running);
      show($("cancel"), true);
      chip($("job-state"), "good", "running");
      for await (const event of running) take(event);
      const result = await running.result;
      tally.missing += to - tally.current;
      draw();
      chip($("job-state"), "good", "done");
      fill($("job-outcome"), `count came to ${result} in ${ms(performance.now() - began)}, ${sentence(tally)}`);
    } catch (error) {
      failed(error);
    } finally {
      running = undefined;
      show($("cancel"), false, start);
    }
  }

  // Steps are numbered by the agent, so a gap or a double shows, whoever made it.
  function take({ kind, body, seq }) {
    if (kind !== "progress") return;
    const socket = carriers.get(seq);
    if (socket !== tally.socket) {
      tally.sockets += 1;
      $("tape").append(el("b", { textContent: `socket ${socket}` }));
    }
    if (body.current <= tally.current) tally.double += 1;
    else tally.missing += body.current - tally.current - 1;
    tally.events += 1;
    Object.assign(tally, { last: seq, socket, current: Math.max(tally.current, body.current) });
    $("tape").append(el("i", { data: { socket }, title: `step ${body.current}, event_seq ${seq}, socket ${socket}` }));
    draw();
  }

  function draw() {
    const { to, current, events, last, sockets, missing, double } = tally;
    $("count-bar").max = to;
    $("count-bar").value = current;
    $("count-said").textContent = `${current} of ${to}`;
    $("proof-events").textContent = events;
    $("proof-seq").textContent = last || "–";
    $("proof-sockets").textContent = sockets;
    for (const [id, value] of [
      ["proof-missing", missing],
      ["proof-double", double],
    ]) {
      $(id).textContent = value;
      $(id).dataset.kind = value > 0 ? "bad" : events > 0 ? "good" : "idle";
    }
    $("tape").setAttribute("aria-label", `${events} events over ${sockets} sockets`);
  }

  return {
    opened(session) {
      client = session;
      allow(start, true);
      for (const hint of document.querySelectorAll("[data-needs=session]")) hint.hidden = true;
    },
    closed() {
      client = undefined;
      allow(start, false);
      for (const hint of document.querySelectorAll("[data-needs=session]")) hint.hidden = false;
    },
    /** A frame with this number came over that socket. */
    carried(seq, number) {
      if (seq !== undefined && !carriers.has(seq)) carriers.set(seq, number);
    },
  };
}

function failed(error) {
  const isAsked = error.details?.code === "CANCELLED";
  chip($("job-state"), isAsked ? "idle" : "bad", isAsked ? "cancelled" : "failed");
  fill($("job-outcome"), isAsked ? "CANCELLED: the agent has stopped, as you asked." : explain(error));
}

function sentence({ events, missing, double, sockets }) {
  const how = missing + double === 0 ? "each once and in order" : `${missing} missing, ${double} double`;
  return `its ${events} events over ${sockets === 1 ? "one socket" : `${sockets} sockets`}, ${how}.`;
}
