// Requests: made, timed, written into the log. A failure to reach anything is told in plain words.

import { logRequest } from "./log.js";
import { Problem } from "./problem.js";
import { session } from "./session.js";

export { Problem };

/** fetch, with a line in the log. The answer's `took` is the time until its head was there. */
export async function loggedFetch(input, init = {}) {
  const request = { method: init.method ?? "GET", url: String(input.url ?? input) };
  const line = logRequest({ ...request, authorization: new Headers(init.headers).get("authorization") });
  const began = performance.now();
  try {
    const response = await fetch(input, init);
    const took = performance.now() - began;
    line.answered(response.status, took);
    return Object.assign(response, { took, finished: () => line.answered(response.status, performance.now() - began) });
  } catch (error) {
    line.failed(performance.now() - began, error.name === "AbortError" ? "stopped" : "no answer");
    throw error;
  }
}

/** Sends a request and gives its answer; what can't be reached becomes a Problem. */
export async function send({ url, ...init }) {
  try {
    return await loggedFetch(url, init);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw unreachable(url);
  }
}

/** In plain words: an address doesn't answer. */
export function unreachable(url) {
  const { origin } = new URL(url, location.href);
  if (origin === location.origin) {
    return new Problem(
      "The Worker doesn’t answer",
      "Is npm start still running in the terminal? Start it again, then try again.",
    );
  }
  return new Problem(
    `The provider at ${origin} doesn’t answer`,
    "npm start runs it beside the Worker. If it has ended, start it again, then reload this page.",
  );
}

/** Asks the provider for a token by client credentials. `onSent` sees the request before it is made. */
export async function requestToken(client, scopes, onSent = () => {}) {
  const { issuer, audience } = session.settings;
  const body = new URLSearchParams({
    grant_type: "client_credentials",
    client_id: client.id,
    client_secret: client.secret,
    scope: scopes.join(" "),
    resource: audience,
  });
  const sent = {
    method: "POST",
    url: `${issuer}/token`,
    headers: { "Content-Type": "application/x-www-form-urlencoded" },
    body: body.toString(),
  };
  onSent(sent);
  const response = await send(sent);
  const text = await response.text();
  const received = { status: response.status, headers: response.headers, text, took: response.took };
  return { received, token: parsed(text)?.access_token };
}

export function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
