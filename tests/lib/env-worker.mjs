// A Worker of workerFromEnv in this process, and what it logs.

import { ready, workerFromEnv } from "../../pkg/worker.node.js";
import { envelope } from "./arc.mjs";

await ready();

/** Runs with a console that is read: gives what was logged, too. */
export async function logging(run) {
  const log = [];
  const kept = { ...console };
  for (const level of ["log", "warn", "error"]) console[level] = (...words) => log.push(words.join(" "));
  try {
    return { ...(await run()), log };
  } finally {
    Object.assign(console, kept);
  }
}

const bound = { RUNTIME_HUB: { idFromName() {} } };

/** Requests to a fresh Worker with these variables; also what it logged. */
export function request(env, { paths = ["/arc"], token = "good", options } = {}) {
  return logging(async () => {
    const worker = workerFromEnv({ ...bound, ...env }, options);
    const answers = [];
    for (const path of paths) {
      const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
      const init = path === "/arc" ? { method: "POST", headers, body: JSON.stringify(envelope()) } : {};
      const response = await worker.fetch(new Request(`http://127.0.0.1:8787${path}`, init), undefined, {
        waitUntil() {},
      });
      answers.push({ status: response.status, text: await response.text() });
    }
    return { ...answers[0], answers };
  });
}

/** The lines of JSON in a log. */
export const told = (log) => log.filter((line) => line.startsWith("{")).map((line) => JSON.parse(line));
