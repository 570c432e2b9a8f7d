// What the types must allow, and what they must not: the subpaths, and where their modules come from. Compiled and never run.

import * as root from "arcgate";
import * as clients from "arcgate/client";
import * as verifying from "arcgate/verify";
import module from "arcgate/verify.wasm";
import * as worker from "arcgate/worker";

const place = "https://static.example/verify.wasm";
export const source: verifying.Source = place;
verifying.ready();
verifying.ready({ module });
verifying.ready({ module: fetch(place) });
verifying.ready({ module: new Uint8Array(8) });
clients.ready({ module: new URL(place), verify: place });
worker.ready({ module: new Response() });
root.ready({ verify: module, client: place });
// @ts-expect-error the root has two
root.ready({ module });
// @ts-expect-error there is one
verifying.ready({ verify: module });

// Each subpath's classes are the root's.
export const verifier: typeof root.JwtVerifier = verifying.JwtVerifier;
export const manager: typeof root.TokenManager = clients.TokenManager;
export const errors: (typeof root.ArcgateError)[] = [verifying.ArcgateError, clients.ArcgateError];
// @ts-expect-error the client has no verifier
clients.JwtVerifier;
// @ts-expect-error the verifier has no manager
verifying.TokenManager;
