// The suite in a Worker: `GET /` names the tests, `GET /3` runs the fourth and says what went wrong.

import * as arcgate from "../../../pkg/entry.workerd.js";
import { verify as wasm } from "../../../pkg/platform/modules/verify.js";
import { conformance } from "../../conformance/suite.mjs";
import algorithms from "../../vectors/algorithms.json";
import rfc from "../../vectors/rfc.json";

const tests = conformance({ arcgate, wasm, vectors: { algorithms, rfc } });

export default {
  async fetch(request) {
    const index = new URL(request.url).pathname.slice(1);
    if (index === "") return Response.json(tests.map(({ name }) => name));
    try {
      await tests[Number(index)].run();
      return new Response("");
    } catch (error) {
      return new Response(`${error}\n${error.stack}`, { status: 500 });
    }
  },
};
