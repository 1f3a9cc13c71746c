//! A rust-libp2p node driven by JSON lines: commands on stdin, answers and events on stdout.
//!
//! ```text
//! stdin -> commands -> node (owns the swarm) -> events   -> stdout
//!             |                                  answers ->
//!             +-> exercise (client side of a stream)  <->  serve (its other side)
//! ```

mod commands;
mod exercise;
mod handle;
mod kad;
mod many;
mod node;
mod options;
mod pattern;
mod raw_streams;
mod report;
mod serve;
mod stack;

use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::{node::Node, options::Options};

/// How long leaving may take, so that peers are told and a stuck one cannot keep us.
const LEAVE_TIMEOUT: Duration = Duration::from_millis(500);

#[tokio::main]
async fn main() {
    let options = Options::from_arguments(std::env::args().skip(1)).unwrap_or_else(|error| {
        eprintln!("{error}\n{}", options::USAGE);
        std::process::exit(2);
    });
    allow_many_sockets();
    if let Err(error) = run(options).await {
        eprintln!("{error}");
        std::process::exit(1);
    }
}

async fn run(options: Options) -> Result<(), String> {
    let (node, handle) = Node::new(&options)?;
    tokio::spawn(node.run());
    report::say(json!({
        "event": "ready",
        "peer_id": options.keypair.public().to_peer_id().to_string(),
        "addresses": handle.listening().await?,
        "agent": stack::AGENT,
        "pid": std::process::id(),
    }));
    let mut lines = read_lines();
    while let Some(line) = lines.recv().await {
        let command: Value = match serde_json::from_str(&line) {
            Ok(command) => command,
            Err(error) => {
                report::answer(&Value::Null, Err(format!("expected one JSON object: {error}")));
                continue;
            }
        };
        if command["cmd"] == "quit" {
            report::answer(&command["id"], Ok(json!({})));
            break;
        }
        tokio::spawn(commands::carry_out(command, handle.clone()));
    }
    let _ = tokio::time::timeout(LEAVE_TIMEOUT, handle.leave()).await;
    std::process::exit(0); // the thread that reads stdin may still be blocked in it
}

/// Reads stdin in a thread of its own; the channel ends with the input.
fn read_lines() -> mpsc::UnboundedReceiver<String> {
    let (sender, receiver) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lines() {
            let Ok(line) = line else { break };
            if !line.trim().is_empty() && sender.send(line).is_err() {
                break;
            }
        }
    });
    receiver
}

/// Raises the soft limit of open files to the hard one, as Go and Node do by themselves.
fn allow_many_sockets() {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: both calls only read or write the struct they are handed.
    unsafe {
        if libc::getrlimit(libc::RLIMIT_NOFILE, &mut limit) == 0 {
            limit.rlim_cur = limit.rlim_max;
            libc::setrlimit(libc::RLIMIT_NOFILE, &limit);
        }
    }
}
