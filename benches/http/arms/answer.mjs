// What every arm answers: as long as what the echo of `POST /arc` says.

/** A body of JSON. */
export const answer = JSON.stringify({
  arc: "1.0",
  id: "r1",
  responseAgent: "echo",
  targetAgent: "bench",
  result: { type: "task", task: { taskId: "task-r1", status: "COMPLETED" } },
  error: null,
});
