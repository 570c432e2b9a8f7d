// The examples of RFC 7515 (appendix A), RFC 7520 (section 4) and RFC 8037 (A.4).

export function tests({ arcgate: { verifyJws }, assert, vectors: { rfc } }) {
  const all = {};
  for (const { name, jws, key, algorithms, verifies, code, header, payload } of rfc.examples) {
    all[`${name} ${verifies ? "verifies" : "is refused"}`] = async () => {
      const verified = verifyJws(jws, key, { algorithms });
      if (!verifies) return void (await assert.refused(verified, code));
      const result = await verified;
      assert.same(result.header, header);
      assert.equal(new TextDecoder().decode(result.payload), payload);
    };
    if (!verifies) continue;
    all[`${name}: another payload under its signature is refused`] = async () => {
      const [head, , signature] = jws.split(".");
      await assert.refused(verifyJws(`${head}.UGF5bG9hZB.${signature}`, key, { algorithms }), "ERR_TOKEN_MALFORMED");
      await assert.refused(verifyJws(`${head}.UGF5bG9hZCE.${signature}`, key, { algorithms }), "ERR_TOKEN_SIGNATURE");
    };
  }
  return all;
}
