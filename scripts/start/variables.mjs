// The Worker's variables: taken from the environment of `npm start`, handed on in a private file.

import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "../setup/cache.mjs";
import { Stop } from "../setup/steps.mjs";

/** Every variable that the Worker knows: the package has the list. */
export const names = readNames(readFileSync(join(root, "npm/worker/env/names.ts"), "utf8"));

const local = join(root, ".dev.vars");

/** What the user set: in the environment, or by name in .dev.vars. */
export function givenVariables(env = process.env) {
  const wanted = [...names, ...secretNames(env.PROVIDERS)];
  const given = Object.fromEntries(wanted.filter((name) => env[name] !== undefined).map((name) => [name, env[name]]));
  const text = existsSync(local) ? readFileSync(local, "utf8") : "";
  const inFile = names.filter((name) => new RegExp(`^\\s*(export\\s+)?${name}\\s*=`, "m").test(text));
  return { given, has: (name) => name in given || inFile.includes(name) };
}

// Secrets that PROVIDERS names (`secretEnv`). What is wrong with PROVIDERS, the Worker says.
function secretNames(providers) {
  try {
    return Object.values(JSON.parse(providers))
      .map((provider) => provider?.secretEnv)
      .filter((name) => typeof name === "string" && /^\w+$/.test(name));
  } catch {
    return [];
  }
}

/**
 * Writes variables to a file that only this user can read, and gives wrangler's arguments for it. A command line
 * would show secrets to every user of the machine.
 */
export function variableFile(variables) {
  const folder = mkdtempSync(join(tmpdir(), "arcgate-"));
  const file = join(folder, "vars.env");
  writeFileSync(
    file,
    Object.entries(variables)
      .map(([name, value]) => `${name}=${quote(name, value)}\n`)
      .join(""),
  );
  chmodSync(file, 0o600);
  // A file named here takes the place of .dev.vars, so that one is named too, first: later files win.
  const files = [...(existsSync(local) ? [local] : []), file];
  return {
    args: files.flatMap((path) => ["--env-file", path]),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

// The file's own rules: any quote that the value doesn't hold, and no expansion of $NAME.
function quote(name, value) {
  const mark = ["'", "`", ...(value.includes("\\") ? [] : ['"'])].find((candidate) => !value.includes(candidate));
  if (mark === undefined) throw new Stop(`${name} holds every kind of quotation mark: put it into .dev.vars by hand`);
  return mark + value.replaceAll("$", "\\$") + mark;
}

function readNames(text) {
  const [list] = text.match(/(?<=export const variables = )\[[^\]]*\]/);
  return JSON.parse(list.replace(/,\s*\]/, "]"));
}
