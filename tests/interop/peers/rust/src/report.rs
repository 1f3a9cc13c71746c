//! What we say on stdout: one JSON object a line.

use std::io::Write;

use serde_json::{Value, json};

/// Writes one line; a reader that is gone ends the program.
pub fn say(object: Value) {
    let mut stdout = std::io::stdout().lock();
    if writeln!(stdout, "{object}").and_then(|()| stdout.flush()).is_err() {
        std::process::exit(0);
    }
}

/// Answers the command with this id.
pub fn answer(id: &Value, result: Result<Value, String>) {
    let mut answer = match result {
        Ok(mut fields) => {
            fields["ok"] = json!(true);
            fields
        }
        Err(error) => json!({"ok": false, "error": error}),
    };
    answer["id"] = id.clone();
    say(answer);
}

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The bytes that hexadecimal stands for.
pub fn from_hex(text: &str) -> Option<Vec<u8>> {
    let pairs = text.as_bytes().chunks(2);
    let byte = |pair: &[u8]| match pair.len() {
        2 => u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok(),
        _ => None,
    };
    pairs.map(byte).collect()
}
