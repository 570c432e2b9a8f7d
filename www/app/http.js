// fetch for the package to use, with a line in the log for each request; one that shows what crosses, too.

import { logRequest } from "./log.js";

/** The answer's `took` is the time until its head was there. */
export async function loggedFetch(input, init = {}) {
  const request = { method: init.method ?? "GET", url: String(input.url ?? input) };
  const line = logRequest({ ...request, authorization: new Headers(init.headers).get("authorization") });
  const began = performance.now();
  try {
    const response = await fetch(input, init);
    const took = performance.now() - began;
    line.answered(response.status, took);
    return Object.assign(response, { took });
  } catch (error) {
    line.failed(performance.now() - began, init.signal?.aborted ? "stopped" : "no answer");
    throw error;
  }
}

/** A fetch that shows each request and its answer in the panes of a step. */
export function shownFetch(exchange) {
  return async (url, init = {}) => {
    exchange.sent({ method: init.method ?? "GET", url: String(url), headers: init.headers, body: init.body });
    try {
      const response = await loggedFetch(url, init);
      exchange.received(response, response.clone());
      return response;
    } catch (error) {
      exchange.failed();
      throw error;
    }
  };
}
