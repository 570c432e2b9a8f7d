// A broken runtime for each rule that the runner tries, and how it is broken: the runner must see each.

import abuse from "./mutations/abuse.mjs";
import frames from "./mutations/frames.mjs";
import jobs from "./mutations/jobs.mjs";
import observing from "./mutations/observing.mjs";
import sessions from "./mutations/sessions.mjs";

export const mutations = [...sessions, ...jobs, ...observing, ...frames, ...abuse];
