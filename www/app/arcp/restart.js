// Step 5: the hub loses its memory. What is there afterwards is what it has written.

import { $, allow, busy, chip, el, fill, list, show } from "../dom.js";
import { explain, Problem } from "../problem.js";
import { unfold } from "../steps.js";
import { endOf } from "./others.js";

/** So many jobs are shown. */
const MOST = 5;
const atWork = new Set(["pending", "running"]);

/** `opened` gives it a session, `closed` takes it, and `told` what the client tells of it. */
export function startRestart({ users }) {
  let client;
  let isBack = () => {};

  $("restart-hub").addEventListener("click", () => busy($("restart-hub"), restart));

  async function restart() {
    fill($("restart-outcome"));
    show($("jobs"), false);
    chip($("restart-state"), "warn", "restarting");
    const session = client.sessionId;
    try {
      const before = await client.listJobs({ limit: 100 });
      const back = new Promise((resolve) => {
        isBack = resolve;
      });
      await askForRestart();
      await back;
      const isSame = client.sessionId === session;
      chip($("restart-state"), isSame ? "good" : "bad", isSame ? "resumed" : "lost");
      await draw(before.jobs, ["session", [el("code", { textContent: session }), isSame ? " goes on" : " is lost"]]);
    } catch (error) {
      chip($("restart-state"), "bad", "failed");
      fill($("restart-outcome"), explain(error));
    }
  }

  // As a session sees it that has seen nothing before.
  async function draw(before, session) {
    const other = await users.connect("demo");
    try {
      const { jobs: after } = await other.listJobs({ limit: 100 });
      const latest = before.toSorted((a, b) => b.createdAt.localeCompare(a.createdAt)).slice(0, MOST);
      const now = (id) => after.find((job) => job.id === id)?.status;
      const ended = before.filter(({ status }) => !atWork.has(status));
      const kept = ended.filter(({ id, status }) => now(id) === status);
      const lost = before.length - ended.length;
      fill(
        $("restart-outcome"),
        list([
          session,
          ["ended", [ended.length === 0 ? "no job yet" : `${kept.length} of ${ended.length} jobs are still there`]],
          ["at work", [lost === 0 ? "no job" : `${lost}, lost with the hub: to be submitted again`]],
        ]),
      );
      const rows = latest.map(async ({ id, status }) => {
        const end = now(id) && (await endOf(await other.subscribe(id, { history: true })));
        return row([
          el("code", { textContent: `…${id.slice(-6)}`, title: id }),
          status,
          [now(id) ?? "gone", ...(end ? [end] : [])].join(", "),
        ]);
      });
      fill($("jobs").querySelector("tbody"), ...(await Promise.all(rows)));
      show($("jobs"), rows.length > 0);
    } finally {
      await other.close("has seen enough");
    }
  }

  return {
    opened(session) {
      client = session;
      unfold("restart");
      allow($("restart-hub"), true);
    },
    closed() {
      isBack();
      allow($("restart-hub"), false);
    },
    told({ type }) {
      if (type === "resumed" || type === "open") isBack();
    },
  };
}

async function askForRestart() {
  const response = await fetch("/playground/restart", { method: "POST" });
  if (!response.ok) throw new Problem("The hub was not restarted", "Only the Worker of npm start can do that.");
}

const row = (cells) => el("tr", {}, ...cells.map((cell) => el("td", {}, cell)));
