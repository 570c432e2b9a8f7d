// Runs a program and ends its whole process group when whoever started this is gone, however that came about:
// the standard input closes with its other end.   node leash.mjs PROGRAM ARGS…

import { spawn } from "node:child_process";

const [program, ...args] = process.argv.slice(2);
const child = spawn(program, args, { stdio: ["ignore", "inherit", "inherit"] });

// A signal to the group reaches the program too: this stays until that has ended.
for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"]) process.on(signal, () => {});

function endGroup() {
  process.kill(-process.pid, "SIGTERM");
  setTimeout(() => process.kill(-process.pid, "SIGKILL"), 2000);
}

process.stdin.on("end", endGroup).on("error", endGroup).resume();
child.on("error", (error) => {
  console.error(String(error));
  process.exit(127);
});
child.on("exit", (code) => process.exit(code ?? 1));
