// Where workerd is: an optional peer of the package, which whoever serves has installed.

import { createRequire } from "node:module";
import { join } from "node:path";
import { Refused } from "./refused.js";

/** The first version whose compatibility date is ours. */
const LEAST = "1.20261001.0";

/** The program, and its version. It is looked for where the command was called, and then beside this package. */
export function findWorkerd(cwd: string): { program: string; version: string } {
  for (const from of [join(cwd, "package.json"), import.meta.url]) {
    const require = createRequire(from);
    try {
      require.resolve("workerd/package.json");
    } catch {
      continue;
    }
    return found(require);
  }
  throw new Refused("workerd, which runs the gate, is not installed here: npm install workerd");
}

function found(require: (name: string) => unknown): { program: string; version: string } {
  const { version } = require("workerd/package.json") as { version: string };
  const days = (text: string) => Number(text.split(".")[1]);
  if (days(version) < days(LEAST))
    throw new Refused(`workerd ${version} is too old for the gate: npm install workerd@latest`);
  try {
    return { program: String((require("workerd") as { default: string }).default), version };
  } catch (error) {
    // Its own message says what is missing for this platform.
    throw new Refused(`workerd ${version} can't be used: ${(error as Error).message.split("\n")[0]}`);
  }
}
