// Chromium and Firefox with their drivers: this machine's, or Debian's packages.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { installPackages } from "./debian.mjs";
import { which } from "./processes.mjs";
import { toolFolder } from "./rust.mjs";

/** The browsers and drivers that are here. Each can be named by an environment variable. */
export function browsers() {
  const gecko = join(toolFolder("geckodriver"), "geckodriver");
  return {
    chromium: process.env.CHROMIUM ?? which("chromium") ?? which("google-chrome"),
    chromedriver: process.env.CHROMEDRIVER ?? which("chromedriver"),
    firefox: process.env.FIREFOX ?? which("firefox-esr") ?? which("firefox"),
    geckodriver: process.env.GECKODRIVER ?? (existsSync(gecko) ? gecko : which("geckodriver")),
  };
}

/** Debian's packages for what isn't here. */
function missingBrowsers() {
  const { chromium, chromedriver, firefox } = browsers();
  return [...(chromium && chromedriver ? [] : ["chromium", "chromium-driver"]), ...(firefox ? [] : ["firefox-esr"])];
}

export const hasBrowsers = () => missingBrowsers().length === 0;

export async function installBrowsers(say) {
  const missing = missingBrowsers();
  say(`installing ${missing.join(", ")}`);
  await installPackages(missing, "a browser for the tests");
}

// What another attempt meets again: a program that isn't there, can't run here, or doesn't fit its driver.
const stays =
  /Executable doesn't exist|ENOENT|EACCES|shared librar|Exec format|no \w+ binary|only supports \w+ version|no driver for/i;

/** Whether a browser's failure to start is an accident: it died, or its driver did, or never answered. */
export const isBrowsersAccident = (error) => !stays.test(String(error?.message ?? error));
