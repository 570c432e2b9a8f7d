// What is written for what happens: rows as the platform counts and bills them, an alarm as one.

import { startHub, tokens } from "../gate-contenders.mjs";
import { inParallel, open } from "./load.mjs";

const eventMs = 20;

/** The table. */
export async function rowsTable({ rows: { sessions: count, ended, jobs, events } }) {
  const { url, close } = await startHub({ isOne: true, entry: "hub/worker-counting.mjs" });
  try {
    const now = async () => (await fetch(`${url.replace("ws", "http").replace("/arcp", "/counts")}`)).json();
    const lines = [];
    const line = async (what, count, work) => {
      const before = await now();
      const result = await work();
      const after = await now();
      const per = (name) => ((after[name] - before[name]) / count).toFixed(2);
      lines.push(`| ${what} | ${per("rows")} | ${per("alarms")} | ${per("statements")} |`);
      return result;
    };
    const [first] = await open(url, tokens(1, 1));
    const { bytes } = await now();
    await first.close();
    const sessions = await line("a session, opened", count, () => open(url, tokens(count, count), 1));
    const run = (parallel, times, agent, input) => inParallel(sessions, parallel, times, agent, input);
    // From then on there are as many ended jobs as are kept, and each new one drops an old one.
    await run(10, ended, "echo", { text: "hello" });
    await line("a job of echo", jobs, () => run(1, jobs, "echo", { text: "hello" }));
    await line(`an event in a burst (a job of ${events})`, events, () => run(1, 1, "count", { to: events }));
    await line(`an event in a turn of its own (every ${eventMs} ms)`, jobs, () =>
      run(1, 1, "count", { to: jobs, delayMs: eventMs }),
    );
    await line("a session, closed", count, () => Promise.all(sessions.map((one) => one.close())));
    return [
      "**What is written**, counted as the platform does",
      "",
      "| | rows | alarms set | statements |",
      "|---|---|---|---|",
      ...lines,
      "",
      `A hub with one session has a database of ${(bytes / 1024).toFixed(0)} KiB.`,
    ].join("\n");
  } finally {
    await close();
  }
}
