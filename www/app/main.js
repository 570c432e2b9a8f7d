// The playground: three steps with one token.

import { startCall } from "./call.js";
import { $, el, fill } from "./dom.js";
import { startGet } from "./get.js";
import { Problem, parsed } from "./http.js";
import { loadPackage } from "./package.js";
import { session } from "./session.js";
import { startVerify } from "./verify.js";

async function settings() {
  let response;
  try {
    response = await fetch("/playground.json");
  } catch {
    throw new Problem("The Worker doesn’t answer", "Start it with npm start, then reload this page.");
  }
  const found = response.ok && parsed(await response.text());
  if (found) return found;
  throw new Problem(
    "This Worker names no provider to try",
    "The playground works where npm start started the Worker: it starts a provider beside it and tells this page where.",
  );
}

function notice(problem) {
  const known = problem instanceof Problem;
  $("notice").append(
    el(
      "p",
      { className: "notice" },
      el("strong", { textContent: known ? `${problem.title}. ` : "Something in this page is broken. " }),
      problem.message,
    ),
  );
}

const begin = async (work) => {
  try {
    return await work();
  } catch (error) {
    notice(error);
    return undefined;
  }
};

fill($("notice"));
const get = startGet();
const verify = startVerify();
const call = startCall();

const [found, arcgate] = await Promise.all([begin(settings), begin(loadPackage)]);
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
