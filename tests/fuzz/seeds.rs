//! What the fuzzing starts from: the transcripts as scripts, their frames, the providers' tokens, and for the token manager a few
//! scripts of its own.

use std::{fs, path::Path};

use serde_json::{json, Value};

/// The seeds of a target.
pub(crate) fn of(target: &str) -> Vec<Vec<u8>> {
    let seeds: Vec<String> = match target {
        "json" => files("tests/fixtures/providers").into_iter().chain(frames()).collect(),
        "jws" => tokens(),
        "envelope" => frames(),
        "gate" => scripts("gate", gate),
        "runtime" => scripts("runtime", runtime).into_iter().flat_map(|script| [paced(&script), script]).collect(),
        "client" => scripts("client", client),
        "sse" => SSE.iter().map(|text| (*text).to_owned()).collect(),
        "revocation" => REVOCATION.iter().map(|text| (*text).to_owned()).collect(),
        _ => TOKEN.iter().map(|lines| (*lines).to_owned()).collect(),
    };
    assert!(seeds.len() > 2, "{target}");
    seeds.into_iter().map(String::into_bytes).collect()
}

/// The texts of all files of a folder.
fn files(folder: &str) -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.iter().map(|path| fs::read_to_string(path).unwrap()).collect()
}

fn steps(transcript: &str) -> Vec<Value> {
    transcript.lines().filter(|line| !line.trim().is_empty()).map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// A frame of a transcript, with what every frame has. The second `$token` is the newest one, too.
fn whole(frame: &Value) -> String {
    let mut frame = frame.clone();
    for (name, value) in [("arcp", json!("1.1")), ("id", json!("01JTRANSCR1PT0000000000000")), ("payload", json!({}))] {
        frame.as_object_mut().unwrap().entry(name).or_insert(value);
    }
    named(&frame.to_string())
}

/// What a transcript calls by other names than a script.
fn named(text: &str) -> String {
    let text = text.replace("$sent", "$id").replace("$trace", "00000000000000000000000000000001");
    (2..10).fold(text.replace("$session", "$sess").replace("$sess", "$session"), |text, number| {
        ["$session", "$token", "$job"].iter().fold(text, |text, name| text.replace(&format!("{name}{number}"), name))
    })
}

fn frames() -> Vec<String> {
    let all =
        ["gate", "runtime", "client"].into_iter().flat_map(|folder| files(&format!("tests/transcripts/{folder}")));
    let steps: Vec<_> = all.flat_map(|text| steps(&text)).collect();
    let frames = steps.iter().filter_map(|step| step.get("frame").or(step.get("expect")?.get("frame")));
    let mut frames: Vec<_> = frames.map(whole).collect();
    frames.sort();
    frames.dedup();
    frames
}

/// Transcripts as scripts: the time between two steps, then the step.
fn scripts(folder: &str, line: fn(&Value) -> Option<String>) -> Vec<String> {
    let script = |text: String| {
        let mut lines = vec![];
        let mut now = 0;
        for step in steps(&text) {
            if let Some(config) = step.get("config").or(step.get("options")) {
                let ours = if step["trusted"] == false || folder != "gate" { "" } else { "+" };
                lines.push(format!("!{ours}{config}"));
            } else if step.get("shows").is_some() && folder == "gate" {
                lines.push(if step["trusted"] == false { "!{}" } else { "!+{}" }.to_owned());
            }
            let at = step["at"].as_i64().unwrap_or(now);
            if at > now {
                lines.push(format!("t{}", at - now));
                now = at;
            }
            if step.get("who").is_some() {
                lines.extend(line(&step));
            }
        }
        lines.join("\n")
    };
    files(&format!("tests/transcripts/{folder}")).into_iter().map(script).collect()
}

/// The text that a step says: a frame, or what is none.
fn said(step: &Value) -> Option<String> {
    step.get("frame").map(whole).or(step["text"].as_str().map(named))
}

fn gate(step: &Value) -> Option<String> {
    let text = |name: &str| step[name].as_str().unwrap_or_default().to_owned();
    Some(match (step["who"].as_str()?, step.as_object()?) {
        ("client", step) if step.contains_key("closed") => "C".to_owned(),
        ("client", step) if step.contains_key("binary") => "B".to_owned(),
        ("client", step) if step.contains_key("oversized") => "o".to_owned(),
        ("client", step) if step.contains_key("overflowed") => "O".to_owned(),
        ("client", _) => format!("c{}", said(step)?),
        ("verifier", _) if step.get("accepts").is_some() => {
            let asks = if step["asks"] == true { 'A' } else { 'a' };
            format!("{asks}{} {}", step["accepts"]["expiresInMs"], step["accepts"]["id"].as_str()?)
        }
        ("verifier", _) => format!("r{}", text("refuses")),
        ("upstream", _) if step.get("opened").is_some() => format!("p{}", text("opened")),
        ("upstream", step) if step.contains_key("failed") => format!("f{}", text("failed")),
        ("upstream", step) if step.contains_key("closed") => format!("D{}", step["closed"]),
        ("upstream", step) if step.contains_key("binary") => "x".to_owned(),
        ("upstream", _) => format!("b{}", said(step)?),
        ("platform", _) if step.get("mac").is_some() => format!("m{}", text("mac")),
        ("platform", _) if step.get("revoked").is_some() => format!("k{}", u8::from(step["revoked"] == true)),
        _ => "d".to_owned(),
    })
}

/// The same script with a gate that says what has left.
fn paced(script: &str) -> String {
    let lines = script.lines().map(|line| match line.strip_prefix('h') {
        Some(hello) => format!("H{hello}\n"),
        None => format!("{line}\np 4\n"),
    });
    lines.collect()
}

fn runtime(step: &Value) -> Option<String> {
    let job = || named(step["job"].as_str().unwrap_or_default());
    let conn = step["conn"].as_u64().unwrap_or(1);
    let has = |name: &str| step.get(name).is_some();
    Some(match step["who"].as_str()? {
        "gate" if has("attach") => format!("h{}", named(&crate::hello(step))),
        "gate" => format!("d{conn}"),
        "client" => format!("c{conn} {}", said(step)?),
        _ if has("event") => format!("e{} {}", job(), step["event"]),
        _ if has("output") => format!("o{} {}", job(), step["output"]),
        _ if has("failed") => format!("f{} {}", job(), step["failed"].as_str()?),
        _ => format!("x{}", job()),
    })
}

fn client(step: &Value) -> Option<String> {
    let has = |name: &str| step.get(name).is_some();
    let conn = step["conn"].as_u64().unwrap_or(1);
    Some(match step["who"].as_str()? {
        "driver" if has("dialing") => format!("n{}", step["dialing"]),
        "driver" if has("opened") => match step["endsInMs"].as_u64() {
            Some(millis) => format!("O{} {millis}", step["opened"]),
            None => format!("o{}", step["opened"]),
        },
        "driver" if has("gone") => format!("g{} {}", step["gone"], step["code"]),
        "driver" if has("noToken") => format!("k{}", step["noToken"]),
        "driver" if has("unchanged") => format!("u{}", step["unchanged"]),
        "driver" => "N".to_owned(),
        "runtime" if has("broken") => format!("z{conn}"),
        "runtime" => format!("r{conn} {}", said(step)?),
        _ if has("submit") => match step["submit"].get("idempotency_key") {
            Some(_) => format!("y{}", step["submit"]),
            None => format!("S{}", step["submit"]),
        },
        _ if has("list") => format!("l{}", step["list"]),
        _ if has("subscribe") => format!("b{} {}", step["subscribe"]["job_id"].as_str()?, step["subscribe"]),
        _ if has("cancel") => format!("c{} enough", step["cancel"]),
        _ if has("unsubscribe") => format!("U{}", step["unsubscribe"]),
        _ if has("abandon") => format!("A{}", step["abandon"]),
        _ => "xdone".to_owned(),
    })
}

/// Headers, payloads and lengths of signatures; and tokens as they are.
fn tokens() -> Vec<String> {
    let good = r#"{"iss":"https://one.example","aud":"api","sub":"alice","iat":1800000000,"exp":1800000600}"#;
    let picky = r#"{"iss":"https://two.example","aud":["b","x"],"sub":"alice","iat":1799999999,"nbf":1799999999,"exp":1800000600.5,"scope":"a b c","client_id":"me","r":{"s":["a"],"team":"red"}}"#;
    let far = r#"{"iss":"https://far.example","aud":"api","sub":"alice","exp":1800000600}"#;
    let mut tokens =
        vec!["eyJhbGciOiJFUzI1NiJ9.e30.AAAA".to_owned(), "..".to_owned(), "eyJhbGciOiJub25lIn0.e30.".to_owned()];
    for (header, length) in [
        (r#"{"alg":"RS256","kid":"rsa","typ":"at+jwt"}"#, 256),
        (r#"{"typ":"JWT","alg":"ES256","kid":"p256"}"#, 64),
        (r#"{"alg":"EdDSA","kid":"ed","x":{"y":[1,2.5e3,true,null]}}"#, 64),
        (r#"{"alg":"PS384"}"#, 256),
    ] {
        tokens.extend([good, picky, far].map(|payload| format!("{header}\n{payload}\n{length}")));
    }
    for fixture in files("tests/fixtures/providers") {
        let fixture: Value = serde_json::from_str(&fixture).unwrap();
        for payload in [&fixture["claims"], &fixture["payload"]].into_iter().filter(|payload| payload.is_object()) {
            tokens.push(format!("{{\"alg\":\"RS256\"}}\n{payload}\n256"));
        }
    }
    tokens
}

/// For the token manager: a machine, a person, a callback, tabs, a login.
const TOKEN: [&str; 9] = [
    "!1\na0\nt58000\na0\nv\nt3000\na0\no200 {\"access_token\":\"t1\",\"token_type\":\"Bearer\",\"expires_in\":600,\"refresh_token\":\"r1\"}\na0\nt590000\na0\nt62000\na0\no400 {\"error\":\"invalid_grant\"}\np200 {\"access_token\":\"t2\",\"token_type\":\"Bearer\",\"expires_in\":600}\na0",
    "!0\na0\np200 {\"access_token\":\"t1\",\"token_type\":\"Bearer\",\"expires_in\":600}\na0\nt500000\na60\np200 {\"access_token\":\"t2\",\"token_type\":\"Bearer\",\"expires_in\":600}\na0\ni\na0",
    "!1s\na0\np200\np200 {\"access_token\":\"t1\",\"token_type\":\"Bearer\",\"expires_in\":600,\"refresh_token\":\"r1\"}\np200\na0\nt590000\nw\np200\np200 {\"access_token\":\"t2\",\"token_type\":\"Bearer\",\"expires_in\":60}\np200\na0",
    "!1st\na0\np200\np200\np200\np400 {\"error\":\"invalid_grant\"}\np200\na0\nA{\"source\":\"x\",\"access_token\":\"t9\"}\nO\nn\na0",
    "!2\na0\np200 \"t1\"\na0\nf0\np200 {\"access_token\":\"t2\",\"expires_at\":1800000100}\na0\nt200000\na0\nP0\na0\nt1000\na0",
    "!3t\nd\np200 {\"issuer\":\"https://i.example\",\"authorization_endpoint\":\"https://i.example/a\",\"token_endpoint\":\"https://i.example/token\",\"jwks_uri\":\"https://i.example/keys\",\"end_session_endpoint\":\"https://i.example/out\",\"revocation_endpoint\":\"https://i.example/revoke\"}\nl\nLcode=c1&state=$random&iss=https://i.example\np200 {\"access_token\":\"t1\",\"token_type\":\"Bearer\",\"expires_in\":600,\"refresh_token\":\"r1\",\"id_token\":\"e30.e30.c2ln\"}\np200 {\"iss\":\"https://i.example\",\"aud\":\"c\",\"nonce\":\"n\"}\np200\na0\nt599000\na0\np200\np200\np200 {\"access_token\":\"t2\",\"token_type\":\"Bearer\",\"expires_in\":600,\"refresh_token\":\"r2\"}\nR\np200\np200\nO\na0",
    "!4\na0\np404\np200 {\"issuer\":\"https://i.example\",\"token_endpoint\":\"https://i.example/token\"}\np200\np503 down\na0\nt5000\na0\np200\np200 {\"access_token\":\"t1\",\"token_type\":\"Bearer\",\"expires_in\":600}",
    "!0\na0\nv\nt11000\na0\np429 {}\na0\nt31000\na0\nP1\nT\nj-5000\na0\nw",
    "!2t\ns{\"access_token\":\"t1\",\"expires_in\":60}\na0\nZ-1000\na0\nI t1\nc\nF\na0",
];

/// The size of the pieces, then a stream.
const SSE: [&str; 5] = [
    "\u{7}event: stream\ndata: {\"a\": 1}\n\nevent: done\ndata: {}\n\n",
    "\u{1}event: stream\r\ndata: 1\r\n\r\n: still working\r\n\r\ndata: 2\r\n\r\ndata: half",
    "\u{2}\u{feff}data: 1\r\rdata: 2\r\rdata\r\r\r",
    "\u{40}\n\n\r\n\r\rdata: 1\ndata: 2\n\n\nevent: error\ndata: x\n\n",
    "\u{3}id: 7\nretry: 1\nevent: a\n\nevent: done\n\ndata: 1",
];

/// A token's payload, a store's answer, what is to be revoked.
const REVOCATION: [&str; 4] = [
    "{\"iss\":\"https://idp.example\",\"sub\":\"alice\",\"jti\":\"t1\",\"iat\":1799999000,\"exp\":1800000000}\n\
     {\"epoch\":\"e\",\"seq\":2,\"more\":false,\"entries\":[{\"name\":\"[\\\"https://idp.example\\\",null,\\\"id\\\"]\",\"before\":1.5,\"expires\":1900000000}]}\n\
     {\"issuer\":\"https://idp.example\",\"jti\":\"t1\",\"sub\":\"alice\"}",
    "{\"iss\":\"https://idp.example\",\"sub\":42.0,\"exp\":1e300}\n\
     {\"epoch\":\"e\",\"seq\":1,\"more\":true,\"entries\":[]}\n\
     {\"issuer\":\"https://idp.example\",\"sub\":-7,\"before\":1799999999}",
    "{\"iss\":\"https://idp.example\",\"sub\":\"\",\"jti\":null,\"jti\":\"b\"}\n\
     {\"epoch\":\"\",\"seq\":0,\"entries\":[{\"name\":\"x\",\"before\":null,\"expires\":1}]}\n\
     {\"issuer\":\"a\\u0001\\\"\\u2028\\ud83d\\ude00\"}",
    "e30.eyJpc3MiOiJodHRwczovL2lkcC5leGFtcGxlIn0=.s\n{}\n{\"issuer\":\"i\",\"jti\":\"\\u0000\"}",
];
