// What every server must answer, over a socket.

import assert from "node:assert/strict";
import { request } from "node:http";
import { good, scopeless, tampered } from "./verifier.mjs";

/** Sends a request with these Authorization fields. Gives status, fields and the body, as JSON where it is. */
export function send(base, path, fields = [], { method = "GET", body, type = "application/json" } = {}) {
  const url = new URL(path, base);
  const headers = ["Host", url.host, "Connection", "close", ...fields.flatMap((value) => ["Authorization", value])];
  if (body) headers.push("Content-Type", type, "Content-Length", String(Buffer.byteLength(body)));
  return new Promise((resolve, reject) => {
    const sent = request(url, { method, headers, agent: false }, async (response) => {
      let text = "";
      for await (const chunk of response.setEncoding("utf8")) text += chunk;
      const json = /^[[{]/.test(text) ? JSON.parse(text) : text;
      resolve({ status: response.statusCode, headers: response.headers, body: json });
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

const bearer = (token) => `Bearer ${token}`;
const challenge = (rest = "") => `Bearer realm="arcgate"${rest}`;

/** What a server answers that asks for the scope read:reports. `ask(fields)` sends a request. */
export async function battery(name, ask) {
  const refusals = [
    ["no credentials", [], 401, challenge(), "unauthorized"],
    ["another scheme", ["Basic eDp5"], 401, challenge(), "unauthorized"],
    ["a changed token", [bearer(tampered)], 401, challenge(', error="invalid_token"'), "unauthorized"],
    ["two spaces", [`Bearer  ${good}`], 400, challenge(', error="invalid_request"'), "invalid_request"],
    ["two headers", [bearer(good), bearer(good)], 400, challenge(', error="invalid_request"'), "invalid_request"],
    ["two headers, the second another's", [bearer(good), bearer(tampered)], 400, undefined, "invalid_request"],
    [
      "a scope missing",
      [bearer(scopeless)],
      403,
      challenge(', error="insufficient_scope", scope="read:reports"'),
      "insufficient_scope",
    ],
  ];
  for (const [what, fields, status, told, word] of refusals) {
    const answer = await ask(fields);
    assert.equal(answer.status, status, `${name}, ${what}: ${JSON.stringify(answer.body)}`);
    if (told !== undefined) assert.equal(answer.headers["www-authenticate"], told, `${name}, ${what}`);
    assert.equal(answer.headers["cache-control"], "no-store", `${name}, ${what}`);
    assert.match(answer.headers["content-type"], /^application\/json/, `${name}, ${what}`);
    assert.deepEqual(answer.body, { error: word }, `${name}, ${what}`);
  }
  const answer = await ask([bearer(good)]);
  assert.equal(answer.status, 200, `${name}: ${JSON.stringify(answer.body)}`);
  assert.equal(answer.body.hello, "alice", name);
  return answer.body;
}
