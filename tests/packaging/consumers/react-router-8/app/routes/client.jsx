import { JwtVerifier, TokenManager } from "arcgate";
import { useEffect } from "react";
import { check, show } from "../../check.mjs";

export default function Client() {
  useEffect(() => void check({ JwtVerifier, TokenManager }).then(show), []);
  return <p>Not yet.</p>;
}
