// Who may watch and cancel a job, where the application says so; and what holds where it doesn't, in the same form.

import { reasonFor } from "../../worker/audit.js";
import type { AskPolicy } from "./actions.js";
import type { JobPolicy } from "./types.js";

/**
 * What holds without a `policy`: a job is its principal's. All of that principal's sessions may list it and subscribe to it; the one
 * that submitted it may cancel it, and once that one is over, the others. For policies of one's own to call, or to begin with:
 * `{ ...SamePrincipalPolicy, canObserve }`.
 */
export const SamePrincipalPolicy: Readonly<JobPolicy> = /* @__PURE__ */ Object.freeze<JobPolicy>({
  canObserve: (job, principal) => job.principal.key === principal.key,
  canCancel: (job, principal, sameSession) =>
    job.principal.key === principal.key && (sameSession || job.orphaned === true),
});

/** What a policy says about each job: a byte, 1 for yes. One that throws, or says anything but true and false, has said no. */
export function decide(policy: JobPolicy, { what, jobs, principal, sameSession }: AskPolicy): Uint8Array {
  const allowed = jobs.map((job) => {
    try {
      const answer: unknown =
        what === "cancel" ? policy.canCancel(job, principal, sameSession) : policy.canObserve(job, principal);
      if (typeof answer !== "boolean") {
        // Nobody waits for a promise; where it fails is told all the same.
        Promise.resolve(answer).catch((error) => console.error(`arcgate: the policy failed: ${reasonFor(error)}`));
        const given = answer instanceof Promise ? "a promise" : typeof answer;
        console.error(`arcgate: the policy failed: it must answer true or false, at once, and gave ${given}`);
      }
      return answer === true ? 1 : 0;
    } catch (error) {
      console.error(`arcgate: the policy failed: ${reasonFor(error)}`);
      return 0;
    }
  });
  return new Uint8Array(allowed);
}
