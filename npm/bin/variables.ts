// Where the variables come from: the environment, and a file.

import { readFileSync } from "node:fs";
import { parseEnv } from "node:util";
import { meantBy, secretNames, variables } from "../worker/env/names.js";
import { Refused } from "./refused.js";

type Environment = Record<string, string | undefined>;

/** The variables of a file and of the environment, which comes first, and the names of those that the Worker is given. */
export function variablesFrom(
  environment: Environment,
  file: string | undefined,
): { env: Environment; names: string[] } {
  const env = { ...(file === undefined ? {} : readEnvFile(file)), ...environment };
  const secrets = secretNames(env.PROVIDERS);
  const isOurs = (name: string) =>
    (variables as readonly string[]).includes(name) || secrets.includes(name) || isSlip(name);
  // What is set to nothing is not set.
  return { env, names: Object.keys(env).filter((name) => isOurs(name) && (env[name] ?? "") !== "") };
}

// What nearly is one of ours is handed on, too: the Worker says so. What it binds itself comes from no environment.
function isSlip(name: string): boolean {
  const meant = meantBy(name);
  return meant !== undefined && (variables as readonly string[]).includes(meant) && /^\w+$/.test(name);
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
