import { JwtVerifier, TokenManager } from "arcgate/inline";
import { check } from "../check.mjs";

const checked = check({ JwtVerifier, TokenManager });
chrome.runtime.onMessage.addListener((_message, _sender, answer) => {
  checked.then(answer);
  return true;
});
