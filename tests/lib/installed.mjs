// Packages that a test is about and that nobody who develops needs: installed outside the checkout, as those of tests/packaging are.

import { locked } from "../../scripts/setup/cache.mjs";
import { homeOf, installDependencies } from "../packaging/harness/install.mjs";

/** The folder in whose `node_modules` these packages are, each of an exact version. */
export function installed(name, dependencies) {
  const manifest = { name, private: true, dependencies };
  const home = homeOf(name, manifest);
  // Two files that run at once may want the same ones.
  return locked(() => installDependencies(home, manifest), home);
}
