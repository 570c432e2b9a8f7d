// The names of the Worker's variables, and of what is bound to it.

import { edits } from "../../platform/options.js";

/** Every variable that the Worker knows. */
export const variables = [
  "PROVIDERS",
  "STATIC_TOKENS",
  "ARC_UPSTREAM",
  "ARCP_UPSTREAM",
  "UPSTREAM_AUTH",
  "UPSTREAM_KEY",
  "UPSTREAM_ISSUER",
  "UPSTREAM_AUDIENCE",
  "UPSTREAM_TOKENS",
  "RESUME_KEY",
  "ARCP_HOLD",
  "ARC_SCOPES",
  "ALLOWED_ORIGINS",
  "ALLOWED_HOSTS",
  "INSECURE_HOSTS",
  "DEV_MODE",
  "MAX_CONNECTIONS",
] as const;

/** One of them. */
export type Variable = (typeof variables)[number];

const known: readonly string[] = [...variables, "RUNTIME_HUB", "SESSION_HOLD", "REVOCATIONS", "ASSETS"];

/**
 * The name that was probably meant by another one: a letter or two away from it, or without its underscores. One that is unset by a
 * slip would leave a gate without what it was given.
 */
export function meantBy(name: string): string | undefined {
  if (known.includes(name)) return undefined;
  const plain = (text: string) => text.toUpperCase().replaceAll(/[_-]/g, "");
  const own = plain(name);
  return known.find((candidate) => {
    // A word more makes it another name: PROVIDERS_KV.
    if (name.startsWith(`${candidate}_`) || name.endsWith(`_${candidate}`)) return false;
    // A short name is near to many a word.
    const most = plain(candidate).length > 8 ? 2 : 1;
    return edits(own, plain(candidate)) <= most;
  });
}

/** Whether this may be the name of a secret's variable. */
export function isSecretName(name: unknown): name is string {
  return typeof name === "string" && /^[\w.-]+$/.test(name);
}

/** The variables that PROVIDERS names as secrets (`secretEnv`); none where it can't be read, which whoever reads it says. */
export function secretNames(providers: unknown): string[] {
  try {
    const value: unknown = typeof providers === "string" ? JSON.parse(providers) : providers;
    return Object.values(Object(value))
      .map((provider) => Object(provider).secretEnv)
      .filter(isSecretName);
  } catch {
    return [];
  }
}
