const { TokenManager } = require("arcgate/client");
const { JwtVerifier } = require("arcgate/verify");
const { check } = require("./check.mjs");

check({ JwtVerifier, TokenManager }).then(console.log);
