// The page about a session over WebSocket.

import { $, fill } from "../dom.js";
import { loadPackage } from "../package.js";
import { begin } from "../problem.js";
import { loadSettings } from "../settings.js";
import { startConnection } from "./connection.js";
import { startJob } from "./job.js";
import { startOthers } from "./others.js";
import { startRestart } from "./restart.js";
import { startUsers } from "./users.js";

fill($("notice"));
const [settings, arcgate] = await Promise.all([begin(loadSettings), begin(() => loadPackage("arcgate/client"))]);
if (settings && arcgate) {
  const users = startUsers({ arcgate, settings });
  const others = startOthers({ users });
  const job = startJob({ onJob: others.onJob });
  startConnection({ arcgate, users, job, parts: [job, startRestart({ users })] });
}
