// What compiles without the types of any platform. Compiled and never run.

import { ArcClient, ArcpClient, errorResponse, JwtVerifier, TokenManager } from "arcgate";
import * as client from "arcgate/client";
import * as verify from "arcgate/verify";
import { createWorker, RevocationStore } from "arcgate/worker";

export const verifier = JwtVerifier.create({
  providers: { main: { issuer: "https://i.example", audience: "a", secret: new Uint8Array(32) } },
});
export const app = createWorker({ verifier: () => verifier });
export const token = TokenManager.create({ type: "static", token: "t" }).then((manager) => manager.getToken());
export const all = [ArcClient, ArcpClient, errorResponse, RevocationStore, client, verify];
