// What the events of a job say (ARCP 1.1 §8.2), by their kind.

/** Those that an agent and a client's user know alike. */
export interface EventBodies {
  progress: { current: number; total?: number; units?: string; message?: string };
  status: { phase: string; message?: string };
  log: { level: string; message: string };
  thought: { text: string };
  tool_call: { tool: string; args: unknown; call_id: string };
  tool_result: { call_id: string; result?: unknown; error?: unknown };
  metric: { name: string; value: number; unit?: string; dimensions?: Record<string, string> };
  artifact_ref: { uri: string; content_type: string; byte_size?: number; sha256?: string };
}
