// Where the variables come from: the environment, and a file.

import { readFileSync } from "node:fs";
import { parseEnv } from "node:util";
import { meantBy, secretNames, variables } from "../worker/env/names.js";
import { Refused } from "./refused.js";

type Environment = Record<string, string | undefined>;

/**
 * The variables of a file and of the environment, which comes first; the names of those that the Worker is given, and of those that
 * are another program's as likely as a slip.
 */
export function variablesFrom(
  environment: Environment,
  file: string | undefined,
): { env: Environment; names: string[]; doubtful: string[] } {
  const own = file === undefined ? {} : readEnvFile(file);
  const env = { ...own, ...environment };
  // What is set to nothing is not set.
  const set = Object.keys(env).filter((name) => (env[name] ?? "") !== "");
  const secrets = secretNames(env.PROVIDERS);
  const slips = set.filter((name) => !secrets.includes(name) && isSlip(name));
  const doubtful = slips.filter((name) => !Object.hasOwn(own, name) && isOthers(name, env));
  const isOurs = (name: string) => (variables as readonly string[]).includes(name) || secrets.includes(name);
  const names = set.filter((name) => isOurs(name) || (slips.includes(name) && !doubtful.includes(name)));
  return { env, names, doubtful };
}

// What nearly is one of ours is handed on, too: the Worker says so. What it binds itself comes from no environment.
function isSlip(name: string): boolean {
  const meant = meantBy(name);
  return meant !== undefined && (variables as readonly string[]).includes(meant) && /^\w+$/.test(name);
}

// The environment is every program's on a machine: PROVIDER and DEVMODE are common words, and nobody is let in for want of what they
// are near to, where the gate has tokens.
function isOthers(name: string, { STATIC_TOKENS: tokens = "" }: Environment): boolean {
  const meant = meantBy(name);
  return meant === "DEV_MODE" || (meant === "PROVIDERS" && tokens !== "");
}

function readEnvFile(file: string): Environment {
  let text: string;
  try {
    text = readFileSync(file, "utf8").replace(/^\uFEFF/, "");
  } catch (error) {
    throw new Refused(`--vars ${file} can't be read (${(error as { code?: string }).code})`, 2);
  }
  // Of what has another form, UTF-16 or YAML, Node reads nothing, or half.
  const values = text.includes("\0") ? {} : parseEnv(text);
  if (Object.keys(values).length === 0 && text.trim() !== "") {
    throw new Refused(`--vars ${file} has no lines of NAME=value: write it so, as UTF-8`, 2);
  }
  return values;
}
