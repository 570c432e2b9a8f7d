//! Submit, events, results (ARCP 1.1 §7, §8).

use super::*;

#[test]
fn echo_from_submit_to_result() {
    let mut world = World::new();
    let client = world.connect("alice");
    let request = world.say(&client, "job.submit", &json!({"agent": "echo", "input": {"a": [1, null]}}));
    let accepted = world.take(client.conn, "job.accepted");
    let job = accepted["job_id"].as_str().unwrap().to_owned();
    let trace_id = accepted["trace_id"].as_str().unwrap();
    assert_eq!(trace_id.len(), 32, "made up, for the client had none");
    assert_eq!(accepted["payload"]["trace_id"], trace_id);
    assert_eq!(accepted["payload"]["agent"], "echo");
    assert_eq!(accepted["payload"]["lease"], json!({}));
    assert_eq!(accepted["payload"]["request_id"], request.as_str());
    assert_eq!(accepted.get("event_seq"), None);
    let (run, agent, action) = world.runs[0].clone();
    assert_eq!((run.as_str(), agent.as_str()), (job.as_str(), "echo"));
    assert_eq!(action["input"], json!({"a": [1, null]}));
    assert!(!action.to_string().contains("alice"), "the agent doesn't learn who it is");
    world.output(&job, &json!({"a": [1, null]}));
    let result = world.take(client.conn, "job.result");
    assert_eq!(result["payload"]["final_status"], "success");
    assert_eq!(result["payload"]["result"], json!({"a": [1, null]}));
    assert_eq!(result["event_seq"], 1);
    assert_eq!(result["trace_id"], trace_id);
    assert!(result["payload"]["completed_at"].as_str().unwrap().ends_with('Z'));
    assert_eq!(world.statuses(&client), ["success"]);
}
