// A Python of our own with the ARC SDK, as the peer in the interoperability tests.

import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cached } from "./cache.mjs";
import { installPackages } from "./debian.mjs";
import { must, run, which } from "./processes.mjs";
import { Stop } from "./steps.mjs";

const sdk = "1.3.1";
const requirements = [`arc-sdk==${sdk}`, "PyJWT==2.15.1"];
const folder = cached("python-arc-sdk", sdk);

/** The Python that has the ARC SDK. */
export const python = join(folder, "bin/python");

export async function installPython(say) {
  if (existsSync(join(folder, "complete"))) return "already there";
  if (!which("python3")) await installPackages(["python3", "python3-venv"], "Python 3");
  rmSync(folder, { recursive: true, force: true });
  say("making the environment");
  if ((await run("python3", ["-m", "venv", folder])).code !== 0) {
    await installPackages(["python3-venv"], "Python's venv");
    const again = await run("python3", ["-m", "venv", folder]);
    if (again.code !== 0)
      throw new Stop("`python3 -m venv` fails here: install Python 3.9 or newer with its venv module");
  }
  say(`pip install ${requirements.join(" ")}`);
  await must(python, ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", ...requirements], {
    label: `pip install ${requirements.join(" ")}`,
  });
  writeFileSync(join(folder, "complete"), "");
  return "ok";
}
