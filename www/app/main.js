// The playground: three steps with one token.

import { startCall } from "./call.js";
import { $, fill } from "./dom.js";
import { startGet } from "./get.js";
import { loadPackage } from "./package.js";
import { begin, notice, Problem } from "./problem.js";
import { session } from "./session.js";
import { loadSettings } from "./settings.js";
import { startVerify } from "./verify.js";

fill($("notice"));
const get = startGet();
const verify = startVerify();
const call = startCall();

const [found, arcgate] = await Promise.all([begin(loadSettings), begin(() => loadPackage("verify"))]);
if (found) {
  session.settings = found;
  $("where-provider").textContent = new URL(found.issuer).host;
  if (!found.trusted) {
    notice(
      new Problem(
        "PROVIDERS is set for the Worker",
        "The Worker may refuse the tokens of the local provider, which step 1 gets.",
      ),
    );
  }
  get.enable();
  call.enable();
}
if (arcgate) verify.enable(arcgate);
