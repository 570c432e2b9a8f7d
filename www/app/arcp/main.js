// The playground's second page: a session over WebSocket.

import { $, fill } from "../dom.js";
import { loadPackage } from "../package.js";
import { begin, notice, Problem } from "../problem.js";
import { loadSettings } from "../settings.js";
import { startConnection } from "./connection.js";
import { startJob } from "./job.js";

fill($("notice"));
const job = startJob();
const [settings, arcgate] = await Promise.all([begin(loadSettings), begin(() => loadPackage("client"))]);
if (settings?.trusted === false) {
  notice(
    new Problem(
      "PROVIDERS is set for the Worker",
      "The Worker may refuse the tokens of the local provider, which this page gets.",
    ),
  );
}
if (settings && arcgate) startConnection({ arcgate, settings, job });
