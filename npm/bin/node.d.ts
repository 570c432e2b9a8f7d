// What the command uses of Node's own modules, so that npm/ is compiled without Node's types.

declare module "node:child_process" {
  export interface ChildProcess {
    readonly exitCode: number | null;
    readonly stdio: readonly (Readable | null)[];
    kill(signal: string): boolean;
    on(event: "error", listener: (error: Error) => void): this;
    on(event: "exit", listener: (code: number | null, signal: string | null) => void): this;
  }
  export interface Readable {
    setEncoding(encoding: "utf8"): this;
    on(event: "data", listener: (text: string) => void): this;
  }
  export function spawn(
    program: string,
    args: readonly string[],
    options: { cwd?: string; env?: Record<string, string | undefined>; stdio: readonly (string | number)[] },
  ): ChildProcess;
  export function execFileSync(program: string, args: readonly string[], options: { encoding: "utf8" }): string;
}

declare module "node:crypto" {
  export function randomBytes(size: number): { toString(encoding: "hex"): string };
}

declare module "node:fs" {
  export function accessSync(path: string, mode: number): void;
  export const constants: { readonly W_OK: number; readonly X_OK: number };
  export function existsSync(path: string): boolean;
  export function lstatSync(path: string, options: { throwIfNoEntry: false }): { isSocket(): boolean } | undefined;
  export function mkdirSync(path: string, options: { recursive?: true; mode?: number }): void;
  export function mkdtempSync(prefix: string): string;
  export function readFileSync(path: URL | string, encoding: "utf8"): string;
  export function readdirSync(path: string): string[];
  export function renameSync(from: string, to: string): void;
  export function rmSync(path: string, options: { recursive?: true; force: true }): void;
  export function writeFileSync(path: string, text: string, options?: { flag: "a" | "w" }): void;
}

declare module "node:module" {
  export function createRequire(from: string): ((name: string) => unknown) & { resolve(name: string): string };
}

declare module "node:net" {
  export interface Server {
    readonly _handle: { readonly fd: number } | null;
    once(event: "error", listener: (error: Error & { code?: string }) => void): this;
    listen(port: number, host: string, listener: () => void): this;
    listen(path: string, listener: () => void): this;
    close(listener: () => void): this;
  }
  export function createServer(onConnection?: (socket: Socket) => void): Server;
  interface Socket {
    once(event: "error", listener: (error: Error & { code?: string }) => void): this;
    destroy(): this;
  }
  export function connect(path: string, listener: () => void): Socket;
}

declare module "node:os" {
  export function tmpdir(): string;
}

declare module "node:path" {
  export function dirname(path: string): string;
  export function join(...parts: string[]): string;
  export function resolve(...parts: string[]): string;
  export const posix: { dirname(path: string): string; join(...parts: string[]): string };
}

declare module "node:process" {
  const process: {
    readonly argv: string[];
    readonly env: Record<string, string | undefined>;
    readonly platform: string;
    readonly ppid: number;
    readonly stdout: { write(text: string): unknown };
    readonly stderr: { readonly isTTY?: boolean; write(text: string): unknown };
    exitCode: number | undefined;
    chdir(folder: string): void;
    cwd(): string;
    umask(mask: number): number;
    on(event: string, listener: () => void): unknown;
    off(event: string, listener: () => void): unknown;
  };
  export default process;
}

declare module "node:tty" {
  export function isatty(descriptor: number): boolean;
}

declare module "node:url" {
  export function fileURLToPath(url: URL): string;
}

declare module "node:util" {
  export function parseArgs(config: {
    args: readonly string[];
    options: Record<string, { type: "string" | "boolean"; short?: string; multiple?: boolean }>;
    allowPositionals: boolean;
    strict: boolean;
  }): { values: Record<string, string | boolean | undefined>; positionals: string[] };
  export function parseEnv(text: string): Record<string, string>;
}
