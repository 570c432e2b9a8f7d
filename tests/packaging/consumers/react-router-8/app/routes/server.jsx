import { JwtVerifier, TokenManager } from "arcgate";
import { check } from "../../check.mjs";

export const loader = () => check({ JwtVerifier, TokenManager });

export default function Server({ loaderData }) {
  return <output>{loaderData}</output>;
}
