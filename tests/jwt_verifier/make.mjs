// Makes the tables of tests/jwt_verifier: tests/fixtures/jwt_verifier/*.json, and the lists of their names in Rust, where each case is a
// test of its own. Run by hand (node tests/jwt_verifier/make.mjs, with the names of some tables or for all of them) and committed: the
// private keys are gone. tests/node/jwt-verifier-tables holds what is committed against the package and jose.

import { writeFileSync } from "node:fs";
import { bounds } from "./make/bounds.mjs";
import { wellSigned } from "./make/claims.mjs";
import { differences } from "./make/differences.mjs";
import { header } from "./make/header.mjs";
import { keys } from "./make/keys.mjs";
import { jwks, NOW, one, other, secret } from "./make/kit.mjs";
import { points } from "./make/points.mjs";
import { signatures } from "./make/signatures.mjs";
import { timelines } from "./make/timelines.mjs";

const here = (path) => new URL(path, import.meta.url);

function write(table, cases) {
  const terms = { now: NOW, secret: String(secret), one: jwks(one), other: jwks(other) };
  const lines = cases.map((one) => JSON.stringify(one));
  writeFileSync(
    here(`../fixtures/jwt_verifier/${table}.json`),
    `{"terms":${JSON.stringify(terms)},\n"cases":[\n${lines.join(",\n")}\n]}\n`,
  );
  const list = (cases) => {
    const rows = [[]];
    for (const { name } of cases) {
      if (rows.at(-1).join(", ").length + name.length > 110) rows.push([]);
      rows.at(-1).push(name);
    }
    return rows.map((row) => `    ${row.join(", ")},`).join("\n");
  };
  const native = cases.filter(({ native }) => native !== false);
  const rest = cases.filter(({ native }) => native === false);
  writeFileSync(
    here(`${table}.rs`),
    `//! The cases of tests/fixtures/jwt_verifier/${table}.json. Written by make.mjs.

everywhere! { "${table}":
${list(native)}
}
${rest.length === 0 ? "" : `\nwebcrypto! { "${table}":\n${list(rest)}\n}\n`}`,
  );
  console.log(`${table}: ${cases.length} cases, ${native.length} of them without WebCrypto too`);
}

const tables = { header, keys, signatures, claims: wellSigned, bounds, differential: differences, points };
const wanted = process.argv.slice(2);
const isWanted = (name) => wanted.length === 0 || wanted.includes(name);
for (const [name, make] of Object.entries(tables)) if (isWanted(name)) write(name, await make());
if (isWanted("timelines")) {
  const table = JSON.stringify(timelines(), null, 1);
  writeFileSync(here("../fixtures/jwt_verifier/timelines.json"), `${table}\n`);
}
