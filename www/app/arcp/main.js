// The page about a session over WebSocket.

import { $, fill } from "../dom.js";
import { loadPackage } from "../package.js";
import { begin } from "../problem.js";
import { loadSettings } from "../settings.js";
import { startConnection } from "./connection.js";
import { startJob } from "./job.js";

fill($("notice"));
const job = startJob();
const [settings, arcgate] = await Promise.all([begin(loadSettings), begin(() => loadPackage("arcgate/client"))]);
if (settings && arcgate) startConnection({ arcgate, settings, job });
