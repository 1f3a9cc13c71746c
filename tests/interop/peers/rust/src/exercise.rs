//! The client side of the test protocols, of ping and of `/perf/1.0.0`.

use std::{
    io,
    time::{Duration, Instant},
};

use futures::{AsyncReadExt, AsyncWriteExt, future::try_join_all};
use libp2p::{Multiaddr, PeerId, ping, swarm::Stream};
use serde_json::{Value, json};

use crate::{
    handle::Handle,
    pattern::Pattern,
    serve::{self, BLOCK_BYTES},
};

const PING_BYTES: usize = 32;
const PING_TIMEOUT: Duration = Duration::from_secs(10);
const CHURN_TIMEOUT: Duration = Duration::from_secs(20);

pub type Outcome = Result<Value, String>;

fn io_text(error: io::Error) -> String {
    format!("stream failed: {error}")
}

pub fn milliseconds(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1000.0
}

/// Round trips over one stream.
pub async fn ping(node: &Handle, peer: PeerId, count: u64) -> Outcome {
    // A rust-libp2p listener keeps one inbound ping stream: ours must not race with the one that
    // the ping behaviour opens.
    node.pinged(peer).await?;
    let mut stream = node.open(peer, ping::PROTOCOL_NAME).await?;
    let mut round_trips = Vec::new();
    for number in 0..count {
        let round = ping_once(&mut stream, number);
        let round = tokio::time::timeout(PING_TIMEOUT, round).await;
        round_trips.push(round.map_err(|_| "ping timed out")??);
    }
    stream.close().await.map_err(io_text)?;
    Ok(json!({"rtt_ms": round_trips}))
}

async fn ping_once(stream: &mut Stream, number: u64) -> Result<f64, String> {
    let mut payload = [0; PING_BYTES];
    Pattern::new(number).fill(&mut payload);
    let mut reply = [0; PING_BYTES];
    let start = Instant::now();
    stream.write_all(&payload).await.map_err(io_text)?;
    stream.flush().await.map_err(io_text)?;
    stream.read_exact(&mut reply).await.map_err(io_text)?;
    if reply != payload {
        return Err("the peer answered a ping with other bytes".to_owned());
    }
    Ok(milliseconds(start))
}

/// Parallel streams of pseudo-random bytes, sent and compared at the same time.
pub async fn echo(node: &Handle, peer: PeerId, bytes: u64, streams: u64) -> Outcome {
    let start = Instant::now();
    let tasks = (0..streams).map(|number| {
        let node = node.clone();
        let task = tokio::spawn(async move { echo_stream(&node, peer, bytes, number).await });
        async move { task.await.map_err(|error| error.to_string())? }
    });
    let counts = try_join_all(tasks).await?;
    Ok(json!({"bytes": counts.iter().sum::<u64>(), "ms": milliseconds(start)}))
}

async fn echo_stream(node: &Handle, peer: PeerId, bytes: u64, seed: u64) -> Result<u64, String> {
    let stream = node.open(peer, serve::ECHO).await?;
    let (mut reader, mut writer) = stream.split();
    let send = async {
        let mut pattern = Pattern::new(seed);
        let mut block = vec![0; BLOCK_BYTES];
        let mut rest = bytes;
        while rest > 0 {
            let size = rest.min(BLOCK_BYTES as u64);
            let part = &mut block[..size as usize];
            pattern.fill(part);
            writer.write_all(part).await.map_err(io_text)?;
            rest -= size;
        }
        writer.close().await.map_err(io_text)
    };
    let receive = async {
        let mut pattern = Pattern::new(seed);
        let mut block = vec![0; BLOCK_BYTES];
        let mut total = 0;
        loop {
            match reader.read(&mut block).await.map_err(io_text)? {
                0 => break,
                count if pattern.matches(&block[..count]) => total += count as u64,
                _ => return Err(format!("echo differs within {BLOCK_BYTES} bytes of {total}")),
            }
        }
        match total == bytes {
            true => Ok(total),
            false => Err(format!("echo ended after {total} of {bytes} bytes")),
        }
    };
    futures::future::try_join(send, receive).await.map(|((), total)| total)
}

/// Whether the far side's reset reaches us.
pub async fn reset(node: &Handle, peer: PeerId) -> Outcome {
    let mut stream = node.open(peer, serve::RESET).await?;
    stream.write_all(&[1]).await.map_err(io_text)?;
    stream.flush().await.map_err(io_text)?;
    let was_reset = match stream.read(&mut [0]).await {
        Err(_) => true,
        Ok(0) => {
            // Read from rust-yamux, a reset looks like an end of stream. Only writing tells the
            // two apart: our way is still open after an end of the peer's.
            stream.write_all(&[1]).await.is_err()
        }
        Ok(_) => return Err("expected a reset, received data".to_owned()),
    };
    Ok(json!({"reset": was_reset}))
}

pub async fn perf(node: &Handle, peer: PeerId, upload: u64, download: u64) -> Outcome {
    let mut stream = node.open(peer, serve::PERF).await?;
    let start = Instant::now();
    stream.write_all(&download.to_be_bytes()).await.map_err(io_text)?;
    serve::write_bytes(&mut stream, upload).await.map_err(io_text)?;
    stream.close().await.map_err(io_text)?;
    // The server answers nothing before it has read everything: its first byte ends the upload.
    let mut first = [0; 1];
    let first = stream.read(&mut first).await.map_err(io_text)? as u64;
    let upload_ms = milliseconds(start);
    let start = Instant::now();
    let received = first + serve::drain(&mut stream).await.map_err(io_text)?;
    if received != download {
        return Err(format!("expected {download} bytes, received {received}"));
    }
    Ok(json!({"upload_ms": upload_ms, "download_ms": milliseconds(start)}))
}

/// Sends to the peer's sink.
pub async fn source(node: &Handle, peer: PeerId, bytes: u64) -> Outcome {
    let mut stream = node.open(peer, serve::SINK).await?;
    let start = Instant::now();
    serve::write_bytes(&mut stream, bytes).await.map_err(io_text)?;
    stream.close().await.map_err(io_text)?;
    let count = serve::read_count(&mut stream).await.map_err(io_text)?;
    check_count(bytes, count, start)
}

/// Receives from the peer's source.
pub async fn sink(node: &Handle, peer: PeerId, bytes: u64) -> Outcome {
    let mut stream = node.open(peer, serve::SOURCE).await?;
    let start = Instant::now();
    stream.write_all(&bytes.to_be_bytes()).await.map_err(io_text)?;
    stream.close().await.map_err(io_text)?;
    let count = serve::drain(&mut stream).await.map_err(io_text)?;
    check_count(bytes, count, start)
}

fn check_count(expected: u64, count: u64, start: Instant) -> Outcome {
    match count == expected {
        true => Ok(json!({"bytes": count, "ms": milliseconds(start)})),
        false => Err(format!("expected a count of {expected} bytes, came {count}")),
    }
}

/// Connections that live for one identify and one ping.
pub async fn churn(node: &Handle, address: Multiaddr, count: u64, concurrency: u64) -> Outcome {
    let start = Instant::now();
    let workers = concurrency.clamp(1, count.max(1));
    let shares = (0..workers).map(|number| {
        let share = count / workers + u64::from(number < count % workers);
        let (node, address) = (node.clone(), address.clone());
        async move {
            for _ in 0..share {
                let visit = node.visit(address.clone());
                let visit = tokio::time::timeout(CHURN_TIMEOUT, visit).await;
                visit.map_err(|_| "a connection took too long")??;
            }
            Ok::<_, String>(())
        }
    });
    try_join_all(shares).await?;
    Ok(json!({"count": count, "ms": milliseconds(start)}))
}
