import { JwtVerifier, TokenManager } from "arcgate";
import { check } from "../../check.mjs";

export const dynamic = "force-dynamic";

export default async function Page() {
  return <output>{await check({ JwtVerifier, TokenManager })}</output>;
}
