// CommonJS that imports the package where it is needed.

import type { JwtVerifier, JwtVerifierOptions } from "arcgate" with { "resolution-mode": "import" };

export async function make(options: JwtVerifierOptions): Promise<JwtVerifier> {
  const { JwtVerifier } = await import("arcgate");
  const { TokenManager } = await import("arcgate/client");
  await TokenManager.create({ type: "static", token: "t" });
  return JwtVerifier.create(options);
}
