// A Python of our own with the ARC SDK and the ARCP SDK, as the peers in the interoperability tests.

import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cached } from "./cache.mjs";
import { installPackages } from "./debian.mjs";
import { must, run, which } from "./processes.mjs";
import { Stop } from "./steps.mjs";

const arc = "1.3.1";
const arcp = "1.1.3";
// The two SDKs name only lower bounds: what decides about bytes on the wire is pinned with them.
const requirements = [
  `arc-sdk==${arc}`,
  `agentruntimecontrolprotocol==${arcp}`,
  "PyJWT[crypto]==2.15.1",
  "pydantic==2.14.3",
  "python-ulid==4.1.0",
  "websockets==17.4",
];
const folder = cached("python-sdks", `${arc}-${arcp}`);

/** The Python that has both SDKs. */
export const python = join(folder, "bin/python");

/** The ARCP SDK's command line. */
export const arcpCommand = join(folder, "bin/arcp");

export const hasPython = () => existsSync(join(folder, "complete"));

export async function installPython(say) {
  if (!which("python3")) await installPackages(["python3", "python3-venv"], "Python 3");
  const old = await run("python3", ["-c", "import sys; sys.exit(sys.version_info < (3, 11))"]);
  if (old.code !== 0) throw new Stop("python3 is older than 3.11, which the ARCP SDK needs: install a newer one");
  rmSync(folder, { recursive: true, force: true });
  say("making the environment");
  if ((await run("python3", ["-m", "venv", folder])).code !== 0) {
    await installPackages(["python3-venv"], "Python's venv");
    const again = await run("python3", ["-m", "venv", folder]);
    if (again.code !== 0) throw new Stop("`python3 -m venv` fails here: install Python's venv module");
  }
  say(`pip install ${requirements.join(" ")}`);
  const flags = ["--disable-pip-version-check", "--no-input", "--progress-bar=off"];
  await must(python, ["-m", "pip", "install", ...flags, ...requirements], {
    label: `pip install ${requirements.join(" ")}`,
    onLine: (line) => say(line.replace(/ \(from .*/, "")),
  });
  writeFileSync(join(folder, "complete"), "");
}
