// The Python that has the SDKs, as the peer in tests.

import { run } from "../../scripts/setup/processes.mjs";
import { python } from "../../scripts/setup/python.mjs";

/** Runs a script and gives what it printed; a failure is an error with all of its output. */
export async function runPython(script, args = [], env = {}) {
  const { code, stdout, output } = await run(python, [script, ...args], { env });
  if (code !== 0) throw new Error(`${script} ended with ${code}:\n${output}`);
  return stdout;
}
