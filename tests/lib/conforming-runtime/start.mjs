// Starts the conforming runtime, or one that breaks a rule.

import { jobMethods } from "./job.mjs";
import { requestMethods } from "./requests.mjs";
import { Runtime } from "./runtime.mjs";

/** `change` gets the runtime before it listens, and may replace its methods. */
export function startConformingRuntime(change = () => {}) {
  const runtime = Object.assign(new Runtime(), requestMethods, jobMethods);
  change(runtime);
  return runtime.start();
}
