// ArcpClient in Node, against a runtime that does what a test says, over real sockets: jobs.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { connect, event, nextOf, refusal, result, submit, waitFor } from "../lib/arcp-client.mjs";

describe("jobs", () => {
  test("events and a result", async () => {
    const session = await connect();
    const job = await submit(session, "job_1", {
      agent: "echo",
      input: { a: [1] },
      leaseConstraints: { expires_at: "2030-01-01T00:00:00Z" },
    });
    assert.equal(job.id, "job_1");
    assert.equal(job.details.accepted_at, "2026-01-01T00:00:00Z");
    event(session.peer, "job_1", 1);
    event(session.peer, "job_1", 2);
    result(session.peer, "job_1", 3, { ok: true });
    const seen = [];
    for await (const { kind, seq, body } of job) seen.push([kind, seq, body.n]);
    assert.deepEqual(seen, [
      ["log", 1, 1],
      ["log", 2, 2],
    ]);
    assert.deepEqual(await job.result, { ok: true });
    const again = [];
    for await (const one of job) again.push(one);
    assert.deepEqual(again, [], "events are read once");
  });

  test("a failure ends the loop and rejects the result, which nobody need await", async () => {
    const session = await connect();
    const job = await submit(session);
    const details = { why: "tok-alice", list: [1] };
    session.peer.say(
      "job.error",
      { final_status: "error", code: "TIMEOUT", message: "slow", retryable: true, details },
      { job_id: "job_1", event_seq: 1 },
    );
    for await (const _ of job) assert.fail();
    const error = await refusal(job.result, "ERR_REMOTE");
    assert.deepEqual([error.message, error.retryable], ["TIMEOUT: slow", true]);
    assert.deepEqual(error.details, { fault: "peer", code: "TIMEOUT", peer: { why: "[token]", list: [1] } });
  });

  test("a submit is checked, refused, given up", async () => {
    const { client, peer } = await connect();
    await refusal(client.submit({ agent: "" }), "ERR_CONFIG");
    await refusal(client.submit({ agent: "a", traceId: "x" }), "ERR_CONFIG");
    await refusal(client.submit({ agent: "a", idempotency_key: "k" }), "ERR_CONFIG");
    await refusal(client.submit({ agent: "a", input: 1n }), "ERR_CONFIG");
    const refused = client.submit({ agent: "nope" });
    await nextOf(peer, "job.submit");
    peer.say("session.error", { code: "AGENT_NOT_AVAILABLE", message: "no", retryable: false, details: null });
    assert.equal((await refusal(refused, "ERR_REMOTE")).details.code, "AGENT_NOT_AVAILABLE");
    const abort = new AbortController();
    const given = client.submit({ agent: "a", signal: abort.signal });
    const frame = await nextOf(peer, "job.submit");
    abort.abort();
    await refusal(given, "ERR_ABORTED");
    peer.say("job.accepted", { job_id: "job_9", request_id: frame.id });
    const cancel = await nextOf(peer, "job.cancel");
    assert.deepEqual([cancel.type, cancel.job_id, cancel.payload.job_id], ["job.cancel", "job_9", "job_9"]);
  });

  test("cancel, list, subscribe, unsubscribe", async () => {
    const session = await connect();
    const { client, peer } = session;
    const job = await submit(session);
    const cancelling = job.cancel("enough");
    assert.equal((await nextOf(peer, "job.cancel")).payload.reason, "enough");
    peer.say("job.result", { final_status: "cancelled" }, { job_id: "job_1", event_seq: 1 });
    await cancelling;
    assert.equal((await refusal(job.result, "ERR_REMOTE")).details.code, "CANCELLED");
    const listing = client.listJobs({ status: "running", limit: 5 });
    const list = await nextOf(peer, "session.list_jobs");
    assert.deepEqual(list.payload, { filter: { status: ["running"] }, limit: 5 });
    const jobs = [
      {
        job_id: "job_7",
        agent: "a",
        status: "running",
        submitted_at: "2026-01-01T00:00:00Z",
        parent_job_id: null,
        lease: {},
      },
      "odd",
    ];
    peer.say("session.jobs", { request_id: list.id, jobs });
    const page = await listing;
    assert.equal(page.nextCursor, undefined);
    assert.deepEqual(JSON.parse(JSON.stringify(page.jobs)), [
      { lease: {}, id: "job_7", agent: "a", status: "running", createdAt: "2026-01-01T00:00:00Z" },
    ]);
    const subscribing = client.subscribe("job_7", { history: true });
    const subscribe = await nextOf(peer, "job.subscribe");
    assert.deepEqual(subscribe.payload, { job_id: "job_7", from_event_seq: 0, history: true });
    event(peer, "job_7", 2);
    peer.say("job.subscribed", { job_id: "job_7", agent: "a", request_id: subscribe.id, replayed: true });
    const watched = await subscribing;
    assert.equal(await client.subscribe("job_7"), watched, "the same job");
    for await (const { seq } of watched) {
      assert.equal(seq, 2);
      break;
    }
    await watched.unsubscribe();
    assert.equal((await nextOf(peer, "job.unsubscribe")).payload.job_id, "job_7");
    await refusal(watched.result, "ERR_ABORTED");
  });

  test("what was not agreed on is not asked for", async () => {
    const { client } = await connect({ features: ["ack"] });
    const error = await refusal(client.listJobs(), "ERR_REMOTE");
    assert.equal(error.details.subject, "list_jobs");
    await refusal(client.subscribe("job_1"), "ERR_REMOTE");
  });

  test("chunks: text, bytes, and what is neither", async () => {
    const session = await connect();
    const { peer } = session;
    let seq = 0;
    const send = (job, pieces, size) => {
      for (const [n, [data, encoding]] of pieces.entries()) {
        const body = { result_id: `res_${job}`, chunk_seq: n, data, encoding, more: n < pieces.length - 1 };
        peer.say("job.event", { kind: "result_chunk", ts: "x", body }, { job_id: job, event_seq: ++seq });
      }
      peer.say(
        "job.result",
        { final_status: "success", result_id: `res_${job}`, result_size: size },
        { job_id: job, event_seq: ++seq },
      );
    };
    const text = await submit(session, "job_1");
    send(
      "job_1",
      [
        ["añ", "utf8"],
        ["b", "utf8"],
      ],
      4,
    );
    assert.equal(await text.result, "añb");
    const bytes = await submit(session, "job_2");
    send(
      "job_2",
      [
        ["AP8=", "base64"],
        ["b", "utf8"],
      ],
      3,
    );
    assert.deepEqual(await bytes.result, Uint8Array.of(0, 255, 98));
    const wrong = await submit(session, "job_3");
    send("job_3", [["ab", "utf8"]], 3);
    await refusal(wrong.result, "ERR_PROTOCOL");
    assert.equal(session.client.state, "open");
  });

  test("unread events stop the acknowledgements; what is given up is counted", async () => {
    const session = await connect();
    const { peer } = session;
    const job = await submit(session);
    void job.result;
    for (let seq = 1; seq <= 1000; seq += 1) event(peer, "job_1", seq);
    result(peer, "job_1", 1001, "done");
    assert.equal(await job.result, "done");
    const seen = [];
    for await (const one of job) seen.push(one);
    assert.deepEqual([seen.length, seen[0].kind, seen[0].body], [257, "x-vendor.arcgate.dropped", { count: 744 }]);
    assert.equal(seen.at(-1).seq, 1000);
    // Nobody reads and nobody waits: nothing is given up, and nothing acknowledged.
    const other = await submit(session, "job_2");
    for (let seq = 1002; seq <= 1400; seq += 1) event(peer, "job_2", seq);
    const acks = [];
    peer.socket.on("message", (data) => acks.push(JSON.parse(data.toString())));
    await submit(session, "job_3");
    const read = [];
    for await (const { seq } of other) if (read.push(seq) === 399) break;
    assert.deepEqual([read[0], read.at(-1)], [1002, 1400]);
    await waitFor(() => acks.some((frame) => frame.payload.last_processed_seq === 1400));
  });
});
