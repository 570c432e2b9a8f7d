// Mutations: lists, subscriptions, and what others learn. Each is a rule, how the runtime breaks it, the change, and the rules that bring it about.

import { method } from "./ways.mjs";

export default [
  [
    "5",
    "refuses a list while a job runs",
    method(
      "session.list_jobs",
      (list, runtime) => (session, payload, message) =>
        [...runtime.jobs.values()].some(({ status }) => status === "running")
          ? runtime.error(session, "INVALID_REQUEST", message.id)
          : list(session, payload, message),
    ),
  ],
  [
    "26",
    "heeds no status",
    method(
      "session.list_jobs",
      (list) =>
        (session, { filter, ...rest }, message) =>
          list(session, { ...rest, filter: { ...filter, status: undefined } }, message),
    ),
  ],
  [
    "26",
    "heeds no limit",
    method(
      "session.list_jobs",
      (list) => (session, payload, message) => list(session, { ...payload, limit: undefined }, message),
    ),
  ],
  ["27", "lists this session's jobs alone", method("isListed", () => (session, job) => job.session === session)],
  ["27", "lists running jobs as pending", method("entry", (entry) => (job) => ({ ...entry(job), status: "pending" }))],
  ["28", "lists everybody's jobs", method("isListed", () => () => true)],
  [
    "29",
    "a list subscribes",
    method("session.list_jobs", (list, runtime) => (session, ...more) => {
      for (const job of runtime.jobs.values()) job.followers.add(session);
      return list(session, ...more);
    }),
  ],
  [
    "45",
    "subscribes, and tells nothing",
    method(
      "pass",
      (pass) => (session, job, event) => (session === job.session ? pass(session, job, event) : undefined),
    ),
  ],
  [
    "46",
    "subscribes to nothing in particular",
    method(
      "job.subscribe",
      (_, runtime) =>
        (session, __, { id }) =>
          runtime.say(session, "job.subscribed", { request_id: id }),
    ),
  ],
  ["47", "replays all", method("history", (history) => (job) => history(job, 0))],
  ["47", "replays from later", method("history", (history) => (job, after) => history(job, after + 2))],
  ["48", "history unasked for", method("replays", () => () => true)],
  [
    "51",
    "each subscription counts for itself",
    method("tell", (tell) => (session, type, payload, job) => {
      if (session === job.session) return tell(session, type, payload, job);
      const own = { ...session, seq: job.counted ?? 0, kept: [] };
      job.counted = tell(own, type, payload, job);
      return job.counted;
    }),
  ],
  ["52", "anybody may observe", method("mayObserve", () => (_, job) => job !== undefined)],
  [
    "52",
    "refuses, and tells",
    method("job.subscribe", (subscribe, runtime) => (session, payload, message) => {
      runtime.jobs.get(payload.job_id)?.followers.add(session);
      return subscribe(session, payload, message);
    }),
  ],
  ["53", "nobody can unsubscribe", method("job.unsubscribe", () => () => true)],
  ["54", "subscribers cancel", method("mayCancel", () => (session, job) => job.principal === session.principal)],
  ["101", "subscribers cancel", method("mayCancel", () => (session, job) => job.followers.has(session))],
  ["100", "anybody cancels", method("mayCancel", () => () => true)],
  ["100", "keys are everybody's", method("keyOf", () => (_, key) => key)],
  [
    "100",
    "anybody resumes",
    method(
      "resumed",
      (_, runtime) =>
        (__, { session_id }) =>
          runtime.sessions.get(session_id),
    ),
  ],
];
