//! How a scenario says what has to come out: for each instant a line, with the names of what came.

use arcgate::sans_io::time::Time;

/// What tells two actions of one name apart: the type of a frame, a task, a reason, an answer.
const MARKS: [&str; 5] = [r#"\"type\":\""#, "task: ", "reason: \"", "reason: ", "), "];

/// One line for each instant at which something came out: milliseconds since the start, then the names, and how often each
/// came in a row.
pub(crate) fn lines(start: Time, told: &[(Time, String)]) -> Vec<String> {
    let mut lines: Vec<(Time, Vec<(usize, String)>)> = Vec::new();
    for (at, output) in told {
        if lines.last().is_none_or(|(last, _)| last != at) {
            lines.push((*at, Vec::new()));
        }
        let Some((_, names)) = lines.last_mut() else { continue };
        let name = name(output);
        match names.last_mut().filter(|(_, last)| *last == name) {
            Some((times, _)) => *times += 1,
            None => names.push((1, name)),
        }
    }
    let word = |(times, name): &(usize, String)| if *times == 1 { name.clone() } else { format!("{times}x{name}") };
    let line = |names: &[(usize, String)]| names.iter().map(word).collect::<Vec<_>>().join(" ");
    lines.iter().map(|(at, names)| format!("{}: {}", at.since(start).as_millis(), line(names))).collect()
}

/// `Send(session.hello)` of a long text.
fn name(output: &str) -> String {
    let name = word(output);
    match MARKS.iter().find_map(|mark| output.split_once(mark)) {
        Some((_, rest)) if !word(rest).is_empty() => format!("{name}({})", word(rest)),
        _ => name.to_owned(),
    }
}

fn word(text: &str) -> &str {
    let end = text.find(|part: char| !part.is_ascii_alphanumeric() && !matches!(part, '_' | '.')).unwrap_or(text.len());
    &text[..end]
}
