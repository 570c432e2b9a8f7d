// CommonJS that is compiled for a Node without require() of modules takes it by import().
async function main(): Promise<void> {
  const { JwtVerifier, TokenManager } = await import("arcgate");
  const { check } = await import("./check.mjs");
  console.log(await check({ JwtVerifier, TokenManager }));
}

main();
