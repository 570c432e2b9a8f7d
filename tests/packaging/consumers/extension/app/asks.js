import { show } from "../check.mjs";

chrome.runtime.sendMessage("check").then(show, (error) => show(error.message));
