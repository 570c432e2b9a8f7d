// Debian's packages: asked for only when something is missing.

import { must, run, which } from "./processes.mjs";
import { Stop } from "./steps.mjs";

let updated = false;

/** Installs packages, or stops with the command that does. `purpose` says what they are for. */
export async function installPackages(packages, purpose) {
  const command = `apt-get install -y --no-install-recommends ${packages.join(" ")}`;
  if (!which("apt-get"))
    throw new Stop(`${purpose} is missing: install ${packages.join(", ")} with this system's package manager`);
  const prefix = await privileged(
    `${purpose} is missing, and installing it needs root: run \`sudo ${command}\`, then this again`,
  );
  const env = { DEBIAN_FRONTEND: "noninteractive" };
  const apt = (args) =>
    run(prefix[0] ?? "apt-get", [...(prefix.length ? [...prefix.slice(1), "apt-get"] : []), ...args], { env });
  const args = ["install", "-y", "--no-install-recommends", ...packages];
  if ((await apt(args)).code === 0) return;
  // Old package lists name versions that the mirror no longer has.
  if (!updated) {
    updated = true;
    await apt(["update", "-qq"]);
  }
  const full = prefix.length ? [prefix[0], [...prefix.slice(1), "apt-get", ...args]] : ["apt-get", args];
  await must(full[0], full[1], { env, label: `apt-get install ${packages.join(" ")}` });
}

async function privileged(otherwise) {
  if (process.getuid?.() === 0) return [];
  if (which("sudo") && (await run("sudo", ["-n", "true"])).code === 0) return ["sudo", "-n"];
  throw new Stop(otherwise);
}
