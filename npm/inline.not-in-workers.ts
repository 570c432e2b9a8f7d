// arcgate/inline where no bytes can be compiled. Whoever bundles it is told by this file's name, and whoever runs it here.

throw new Error(
  "arcgate/inline has its modules as bytes, which Workers and edge runtimes refuse to compile: import `arcgate` there, which has them compiled",
);

export {};
