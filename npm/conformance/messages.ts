// ARCP's messages as the specification has them: an independent reading, which shares nothing with the package's client.

/** Every feature of §6.2. */
export const everyFeature = [
  "heartbeat",
  "ack",
  "list_jobs",
  "subscribe",
  "lease_expires_at",
  "cost.budget",
  "model.use",
  "provisioned_credentials",
  "progress",
  "result_chunk",
  "agent_versions",
];

/** Every type of §6 and §7, and of v1.0 where it still holds. */
export const messageTypes = new Set([
  ...["hello", "welcome", "error", "resume", "close", "closed", "bye", "ping", "pong", "ack", "list_jobs", "jobs"].map(
    (name) => `session.${name}`,
  ),
  ...["submit", "accepted", "cancel", "cancelled", "event", "result", "error"].map((name) => `job.${name}`),
  ...["subscribe", "subscribed", "unsubscribe", "unsubscribed"].map((name) => `job.${name}`),
]);

/** Every kind of §8.2. */
export const eventKinds = new Set(
  "log thought tool_call tool_result status metric artifact_ref delegate progress result_chunk".split(" "),
);

/** Every code of §12. */
export const errorCodes = new Set([
  "PERMISSION_DENIED",
  "LEASE_SUBSET_VIOLATION",
  "JOB_NOT_FOUND",
  "DUPLICATE_KEY",
  "AGENT_NOT_AVAILABLE",
  "AGENT_VERSION_NOT_AVAILABLE",
  "CANCELLED",
  "TIMEOUT",
  "RESUME_WINDOW_EXPIRED",
  "HEARTBEAT_LOST",
  "LEASE_EXPIRED",
  "BUDGET_EXHAUSTED",
  "INVALID_REQUEST",
  "UNAUTHENTICATED",
  "INTERNAL_ERROR",
]);

export type Json = Record<string, unknown>;

/** A message that came: its members may be anything, its payload is an object, if only an empty one. */
export interface Message extends Json {
  type: string;
  payload: Json;
}

/** A message to be sent; `changes` replace its members, and those that are undefined go. */
export function envelope(type: string, payload: unknown = {}, changes: Json = {}): Json & { id: string } {
  return { arcp: "1.1", id: ulid(), type, payload, ...changes };
}

const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/** A ULID: 48 bits of time, 80 of chance. */
export function ulid(): string {
  const random = crypto.getRandomValues(new Uint8Array(16));
  let time = Date.now();
  let text = "";
  for (let i = 0; i < 10; i += 1, time = Math.floor(time / 32)) text = alphabet[time % 32] + text;
  for (const byte of random) text += alphabet[byte & 31];
  return text;
}

/** What a text says, or undefined where it is no message at all. */
export function parseMessage(text: string): Message | undefined {
  try {
    const value = JSON.parse(text);
    if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
    return { ...value, type: String(value.type), payload: objectOf(value.payload) };
  } catch {
    return undefined;
  }
}

/** The value if it is an object, or an empty one. */
export function objectOf(value: unknown): Json {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Json) : {};
}

/** The value if it is a list, or an empty one. */
export function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

/** The job a message is about: on the envelope, or in the payload, where some runtimes put it. */
export function jobOf(message: Message): unknown {
  return message.job_id ?? message.payload.job_id;
}

/** Whether it ends a job. */
export function isTerminal({ type }: Message): boolean {
  return type === "job.result" || type === "job.error";
}
