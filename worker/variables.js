// Reading the Worker's variables. An error names the variable, never its value.

import { ArcgateError } from "../pkg/entry.workerd.js";

/** An error about a variable. */
export function settingsError(name, problem) {
  return new ArcgateError("ERR_CONFIG", `${name}: ${problem}`, { details: { fault: "configuration", subject: name } });
}

/** Whether a variable is set: self-hosted, one that is not is null. */
export function isSet(env, name) {
  return (env[name] ?? "") !== "";
}

/** A variable that holds a JSON object; undefined when it is not set. */
export function jsonVariable(env, name) {
  if (!isSet(env, name)) return undefined;
  const text = env[name];
  let value;
  try {
    value = typeof text === "string" ? JSON.parse(text) : text;
  } catch {
    throw settingsError(name, "is not valid JSON");
  }
  if (value === null || typeof value !== "object" || Array.isArray(value))
    throw settingsError(name, "must be a JSON object");
  return value;
}

/** A variable that holds a whole number; undefined when it is not set. */
export function numberVariable(env, name) {
  if (!isSet(env, name)) return undefined;
  const text = String(env[name]).trim();
  if (!/^\d{1,15}$/.test(text)) throw settingsError(name, "must be a whole number");
  return Number(text);
}

/** A variable that holds a list with commas; undefined when it is not set. */
export function listVariable(env, name) {
  const items = (env[name] ?? "").split(",").map((item) => item.trim());
  const list = items.filter((item) => item !== "");
  return list.length > 0 ? list : undefined;
}
