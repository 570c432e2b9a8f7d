// Everything of a release but the release: what npm and cargo would send, with the settings that they would send it with.

import { join } from "node:path";
import { root } from "../setup/cache.mjs";
import { must } from "../setup/processes.mjs";
import { Stop, step } from "../setup/steps.mjs";
import { problemsOfFolder } from "./contents.mjs";

/** How the package is published. Its provenance needs a workflow's identity, which npm asks for when it really publishes. */
export const npmPublish = ["publish", "--ignore-scripts", "--provenance", "--access", "public"];

/** Tries it; a Stop says what would have failed. */
export async function rehearse(pkg = join(root, "pkg")) {
  await step("package", "has all that it names", async () => {
    const found = await problemsOfFolder(pkg);
    if (found.length > 0) throw new Stop(`the package is not whole:\n  ${found.join("\n  ")}`);
  });
  await step("npm publish", "as it would be, without sending anything", async () => {
    const [command, ...options] = npmPublish;
    const { output } = await must("npm", [command, pkg, "--dry-run", ...options], { cwd: root });
    return /package size: *(.*)/.exec(output)?.[1];
  });
  await step("cargo publish", "the same for the crate, which is compiled from what is packed", async () => {
    const { output } = await must("cargo", ["publish", "--dry-run"], { cwd: root });
    return /Packaged (.*)/.exec(output)?.[1];
  });
}
