// Asking agents over ARC 1.0.

import type { PlatformRequestInit } from "../../platform/types.js";
import type { Bearer } from "../../token/types.js";

export interface ArcClientOptions {
  /** Where requests go: https, or http on this machine. Redirects are not followed. */
  endpoint: string | URL;
  /** The name in which they are asked. */
  requestAgent: string;
  /** What each request is authenticated with. */
  token: Bearer;
  /** Default: the platform's. A Worker's service binding, say: `(...request) => env.AGENT.fetch(...request)`. */
  fetch?: (url: string, init: PlatformRequestInit) => Promise<Response>;
  /** How long an answer may take, the token and a retry included; of a stream, its beginning and each next piece. Default: 60000. */
  timeoutMs?: number;
  limits?: {
    /** Of an answer that is no stream. Default: 24 MiB, which has place for the largest result that a gate sends by default. */
    maxAnswerBytes?: number;
    /** Of one event of a stream. Default: 24 MiB. */
    maxEventBytes?: number;
    /** Of a whole stream. Default: 64 MiB. */
    maxStreamBytes?: number;
  };
  /** Hosts in a network of your own to which plain http and ws may go, such as "keycloak:8080": as JwtVerifier has them. Default: none. */
  insecureHosts?: readonly string[];
}

/** What every call takes. */
export interface ArcCall {
  /** The agent that is asked. */
  targetAgent: string;
  /** The workflow that the call belongs to. */
  traceId?: string;
  /** Gives the call up, a stream included. */
  signal?: AbortSignal;
  /** Instead of the client's own. */
  timeoutMs?: number;
}

/**
 * The methods on tasks. Each throws ERR_REMOTE (the agent's own error: `arcCode`, `details.peer`), ERR_TOKEN_EXPIRED,
 * ERR_UNAUTHENTICATED, ERR_TOKEN_SCOPE (`details.requiredScopes`), ERR_PROTOCOL, ERR_NETWORK, ERR_TIMEOUT, ERR_ABORTED, ERR_CONFIG, or
 * what the source of tokens throws. After ERR_NETWORK and ERR_TIMEOUT nobody knows whether it was done.
 */
export interface ArcTasks {
  /** Gives the agent a task. It may be done, or only begun, when this resolves: `task.status`. */
  create(
    options: ArcCall & { initialMessage: string | ArcMessage; priority?: ArcPriority; metadata?: object },
  ): Promise<ArcTaskResult>;
  /** Sends a message to a task that is there, such as one that asks for input. */
  send(options: ArcCall & { taskId: string; message: string | ArcMessage }): Promise<ArcSuccess>;
  /** The task as it is now. Messages and artifacts are in it unless they are declined. */
  info(
    options: ArcCall & { taskId: string; includeMessages?: boolean; includeArtifacts?: boolean },
  ): Promise<ArcTaskResult>;
  /** Asks for the task's end. */
  cancel(options: ArcCall & { taskId: string; reason?: string }): Promise<ArcTaskResult>;
  /** Has the agent call `callbackUrl` at these events of the task. Default: its completion and its failure. */
  subscribe(
    options: ArcCall & { taskId: string; callbackUrl: string; events?: readonly ArcEvent[] },
  ): Promise<ArcSubscriptionResult>;
  /** Tells a subscriber of an event. It needs other scopes than the rest: `arc.task.notify` and `arc.agent.receiver`. */
  notification(
    options: ArcCall & { taskId: string; event: ArcEvent; timestamp: string; data: object },
  ): Promise<ArcSuccess>;
}

/** The methods on chats. They throw as those on tasks; with `stream: true` so does the iteration. */
export interface ArcChats {
  /** Begins a chat, and gives the agent's answer: whole, or with `stream: true` in pieces. */
  start(options: ArcCall & ArcChatStart & { stream: true }): ChatAnswer;
  start(options: ArcCall & ArcChatStart & { stream?: false }): Promise<ArcChatResult>;
  /** Says more in a chat, and gives the agent's answer. */
  message(options: ArcCall & ArcChatMessage & { stream: true }): ChatAnswer;
  message(options: ArcCall & ArcChatMessage & { stream?: false }): Promise<ArcChatResult>;
  /** Ends a chat. */
  end(options: ArcCall & { chatId: string; reason?: string }): Promise<ArcChatResult>;
}

export interface ArcChatStart {
  initialMessage: string | ArcMessage;
  /** Your own name for the chat. Default: the agent makes one. */
  chatId?: string;
  metadata?: object;
}

export interface ArcChatMessage {
  chatId: string;
  message: string | ArcMessage;
}

/** A streamed answer: can be iterated at once, or awaited first, to learn whether it was refused. */
export type ChatAnswer = Promise<ChatStream> & AsyncIterable<ChatEvent>;

/** The events of a stream, read on when they are asked for. Leaving the loop gives the connection up. */
export interface ChatStream extends AsyncIterableIterator<ChatEvent> {
  return(value?: unknown): Promise<IteratorResult<ChatEvent>>;
}

/** A piece of a streamed answer. An error on the stream ends the iteration as an ArcgateError. */
export interface ChatEvent {
  /** `done` is the last one, where the agent sends it; `other` is an event that ARC doesn't know. */
  type: "message" | "done" | "other";
  /** The event's name on the wire. */
  event: string;
  chatId?: string;
  /** The next piece of the agent's message. */
  message?: ArcMessage;
  /** Of the chat. */
  status?: string;
  /** The event's data as it came. */
  data: unknown;
}

/** A string where a message is asked for is a user's message of one TextPart. */
export interface ArcMessage {
  role: "user" | "agent" | "system";
  parts: readonly ArcPart[];
  timestamp?: string;
  agentId?: string;
}

export type ArcPart =
  | { type: "TextPart"; content: string }
  | { type: "DataPart"; content: unknown; mimeType: string }
  | { type: "FilePart"; content: string; mimeType: string; filename?: string }
  | { type: "ImagePart"; content: string; mimeType: string; width?: number; height?: number }
  | { type: "AudioPart"; content: string; mimeType: string; duration?: number };

export type ArcPriority = "LOW" | "NORMAL" | "HIGH" | "URGENT";

export type ArcEvent =
  | "TASK_CREATED"
  | "TASK_STARTED"
  | "TASK_PAUSED"
  | "TASK_RESUMED"
  | "TASK_COMPLETED"
  | "TASK_FAILED"
  | "TASK_CANCELED"
  | "NEW_MESSAGE"
  | "NEW_ARTIFACT"
  | "STATUS_CHANGE";

// Results are given as they came: what an agent adds to them is there, and what it leaves out isn't.

export interface ArcTask {
  taskId: string;
  status: "SUBMITTED" | "WORKING" | "INPUT_REQUIRED" | "COMPLETED" | "FAILED" | "CANCELED";
  createdAt?: string;
  updatedAt?: string;
  completedAt?: string;
  canceledAt?: string;
  messages?: ArcMessage[];
  artifacts?: unknown[];
  metadata?: Record<string, unknown>;
}

export interface ArcTaskResult {
  type: "task";
  task: ArcTask;
}

export interface ArcSubscriptionResult {
  type: "task" | "subscription";
  subscription: {
    subscriptionId: string;
    taskId?: string;
    callbackUrl?: string;
    events?: ArcEvent[];
    active?: boolean;
  };
}

export interface ArcChatResult {
  type: "chat";
  chat: {
    chatId: string;
    status: "ACTIVE" | "PAUSED" | "CLOSED";
    message?: ArcMessage;
    participants?: string[];
    createdAt?: string;
    closedAt?: string;
    metadata?: Record<string, unknown>;
  };
}

export interface ArcSuccess {
  success: boolean;
  message?: string;
}
