// Reading the Worker's variables. An error names the variable, never its value.

import { ArcgateError } from "../../errors.js";
import { call } from "../../platform/modules/gate.js";
import { meantBy, secretNames, type Variable } from "./names.js";

/** What a Worker is given: variables, secrets, and what is bound. */
export type Env = Readonly<Record<string, unknown>>;

/** An error about a variable. */
export function settingsError(name: string, problem: string): ArcgateError {
  return new ArcgateError("ERR_CONFIG", `${name}: ${problem}`, { details: { fault: "configuration", subject: name } });
}

/** Whether a variable is set: self-hosted, one that is not is null. */
export function isSet(env: Env, name: Variable): boolean {
  return (env[name] ?? "") !== "";
}

/** A variable that holds a JSON object; undefined when it is not set. */
export function jsonVariable(env: Env, name: Variable): Record<string, unknown> | undefined {
  if (!isSet(env, name)) return undefined;
  const text = env[name];
  let value: unknown;
  try {
    value = typeof text === "string" ? JSON.parse(text) : text;
  } catch {
    throw settingsError(name, 'is not valid JSON: quote names and texts with ", and leave no comma after the last one');
  }
  if (value === null || typeof value !== "object" || Array.isArray(value))
    throw settingsError(name, "must be a JSON object");
  return value as Record<string, unknown>;
}

/** A variable that holds a whole number; undefined when it is not set. */
export function numberVariable(env: Env, name: Variable): number | undefined {
  if (!isSet(env, name)) return undefined;
  const text = String(env[name]).trim();
  if (!/^\d{1,15}$/.test(text)) throw settingsError(name, "must be a whole number");
  return Number(text);
}

/** A variable that holds a list with commas; undefined when it is not set. */
export function listVariable(env: Env, name: Variable): string[] | undefined {
  const text = env[name] ?? "";
  if (typeof text !== "string") throw settingsError(name, "must be a text, with commas between its items");
  const list = text
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== "");
  return list.length > 0 ? list : undefined;
}

/** What is told of a variable that can be worked with and is hardly meant. */
export type Warn = (name: string, problem: string) => void;

/** A shared secret as it was given. Nobody means blanks; a line end is a part of it that the other side may not have. */
export function checkSecret(name: string, secret: unknown, warn: Warn): void {
  if (typeof secret !== "string") return;
  if (secret.trim() === "") throw settingsError(name, "is blank: give a secret of 32 bytes or more, random ones");
  if (secret.trim() !== secret)
    warn(
      name,
      "begins or ends with white space, which is a part of the secret: leave it out if a file's line end was meant",
    );
}

/** What stands in tokens as it is: one text. Anything but a text whoever reads the options refuses. */
export function checkText(env: Env, name: Variable): void {
  const text = env[name];
  if (typeof text !== "string" || text === "") return;
  if (text.trim() !== text) throw settingsError(name, "begins or ends with white space: leave it out");
  if (/^[[{"]/.test(text)) throw settingsError(name, "must be one text as it is, without JSON around it");
}

/** ARC_SCOPES. `warn` is told of a method that nearly is one of the specification's: by a slip, that one would ask for nothing. */
export function scopesFrom(env: Env, warn: Warn): Record<string, string[]> | undefined {
  const scopes = jsonVariable(env, "ARC_SCOPES");
  for (const name of Object.keys(scopes ?? {})) {
    const meant = call("methodMeantBy", name);
    if (meant !== undefined) warn("ARC_SCOPES", `has ${name}, which is no method of ARC 1.0; did you mean ${meant}?`);
  }
  return scopes as Record<string, string[]> | undefined;
}

/** Whether development is on. */
export function devMode(env: Env): boolean {
  const { DEV_MODE: mode = "" } = env;
  if (mode === null || mode === "" || mode === "false") return false;
  if (mode === "true") return true;
  throw settingsError("DEV_MODE", 'must be the text "true", or not set');
}

/** Refuses a name that is nearly one of ours, where ours is not set; `warn` is told of it where ours is set too. */
export function checkNames(env: Env, warn: Warn): void {
  const secrets = secretNames(env.PROVIDERS);
  for (const name of Object.keys(env)) {
    const meant = secrets.includes(name) ? undefined : meantBy(name);
    if (meant === undefined || (env[name] ?? "") === "") continue;
    const problem = `is no variable of the gate's; did you mean ${meant}?`;
    if ((env[meant] ?? "") === "") throw settingsError(name, problem);
    warn(name, problem);
  }
}
