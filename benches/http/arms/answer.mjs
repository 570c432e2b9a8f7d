// What every arm answers: as long as what the echo of `POST /arc` says, and the same but for its identifier and its times.

const at = "2026-01-01T00:00:00.000Z";

/** A body of JSON. */
export const answer = JSON.stringify({
  arc: "1.0",
  id: "r1",
  responseAgent: "echo",
  targetAgent: "bench",
  result: {
    type: "task",
    task: {
      taskId: "task-00000000-0000-4000-8000-000000000000",
      status: "COMPLETED",
      createdAt: at,
      updatedAt: at,
      completedAt: at,
      messages: [{ role: "agent", parts: [{ type: "TextPart", content: "hello" }], timestamp: at }],
      artifacts: [],
    },
  },
  error: null,
});
