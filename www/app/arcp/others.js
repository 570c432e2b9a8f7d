// Step 4: the job of this page, followed in a second session, and looked for by somebody else.

import { $, allow, busy, chip, el, fill, list } from "../dom.js";
import { explain } from "../problem.js";
import { unfold } from "../steps.js";

/** `onJob` gives it a job to follow. */
export function startOthers({ users }) {
  let job;

  $("second").addEventListener("click", () => busy($("second"), () => attempt("second-outcome", follow)));
  $("bob").addEventListener("click", () => busy($("bob"), () => attempt("bob-outcome", lookAsBob)));

  async function attempt(outcome, work) {
    fill($(outcome));
    try {
      await work();
    } catch (error) {
      chip($("others-state"), "bad", "failed");
      fill($(outcome), explain(error));
    }
  }

  async function follow() {
    const second = await users.connect("demo");
    try {
      chip($("others-state"), "good", "followed");
      const followed = await second.subscribe(job.id, { history: true });
      const steps = [];
      const draw = (result) =>
        fill(
          $("second-outcome"),
          list([
            ["session", [el("code", { textContent: second.sessionId })]],
            ["job", [el("code", { textContent: followed.id })]],
            ["events", [`${steps.length}, ${inOrder(steps) ? "each once and in order" : "not in order"}`]],
            ...(result === undefined ? [] : [["end", [result]]]),
          ]),
        );
      draw();
      for await (const { kind, body } of followed) {
        if (kind !== "progress") continue;
        steps.push(body.current);
        draw();
      }
      draw(await endOf(followed));
    } finally {
      await second.close("has seen enough");
    }
  }

  async function lookAsBob() {
    const bob = await users.connect("bob");
    try {
      const { jobs } = await bob.listJobs();
      const answer = await bob.subscribe(job.id, { history: true }).then(
        () => "a subscription",
        (error) => error.details?.code ?? error.code,
      );
      const isHidden = answer === "JOB_NOT_FOUND" && jobs.length === 0;
      chip($("others-state"), isHidden ? "good" : "bad", isHidden ? "bob sees nothing" : "bob sees it");
      fill(
        $("bob-outcome"),
        list([
          ["bob’s list", [jobs.length === 0 ? "no jobs" : `${jobs.length} jobs`]],
          ["this job", [el("code", { className: isHidden ? "" : "error-code", textContent: answer })]],
        ]),
      );
    } finally {
      await bob.close("has seen enough");
    }
  }

  return {
    onJob(found) {
      job = found;
      unfold("others");
      for (const id of ["second", "bob"]) allow($(id), true);
      for (const hint of document.querySelectorAll("[data-needs=job]")) hint.hidden = true;
    },
  };
}

const inOrder = (steps) => steps.every((step, index) => step === index + 1);

/** How a job ended, in words. */
export const endOf = (job) =>
  job.result.then(
    (result) => `result ${JSON.stringify(result)}`,
    (error) => error.details?.code ?? error.code,
  );
