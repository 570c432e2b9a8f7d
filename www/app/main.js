// The first page: three steps with one token.

import { startCall } from "./call.js";
import { $, fill } from "./dom.js";
import { startGet } from "./get.js";
import { loadPackage } from "./package.js";
import { begin } from "./problem.js";
import { session } from "./session.js";
import { loadSettings } from "./settings.js";
import "./steps.js";
import { startVerify } from "./verify.js";

fill($("notice"));
const steps = [startGet(), startVerify(), startCall()];

const [settings, arcgate] = await Promise.all([begin(loadSettings), begin(() => loadPackage("arcgate"))]);
if (settings && arcgate) {
  $("where-provider").textContent = new URL(settings.issuer).host;
  Object.assign(session, { settings, arcgate });
  for (const { enable } of steps) enable();
}
