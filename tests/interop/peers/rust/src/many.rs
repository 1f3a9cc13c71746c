//! Many connections to one peer, each from an identity of its own.

use std::time::Duration;

use futures::{StreamExt, stream};
use libp2p::{Multiaddr, Swarm, identify, swarm::SwarmEvent};
use serde_json::json;
use tokio::sync::mpsc;

use crate::{
    exercise::Outcome,
    options::Options,
    stack::{self, Behaviour, BehaviourEvent},
};

/// Connections being opened at the same time.
const CONCURRENCY: usize = 16;
const OPEN_TIMEOUT: Duration = Duration::from_secs(20);

/// Opens the connections, each until it has identified its peer, and keeps them until we end.
pub async fn open_connections(address: Multiaddr, count: u64) -> Outcome {
    let opened = stream::iter(0..count)
        .map(|_| open_one(address.clone()))
        .buffer_unordered(CONCURRENCY)
        .collect::<Vec<Result<(), String>>>()
        .await;
    let failures: Vec<&String> = opened.iter().filter_map(|result| result.as_ref().err()).collect();
    if let Some(first) = failures.first() {
        eprintln!("open_connections: {} failed, the first: {first}", failures.len());
    }
    Ok(json!({"count": opened.len() - failures.len()}))
}

async fn open_one(address: Multiaddr) -> Result<(), String> {
    let (inbound, _) = mpsc::unbounded_channel();
    let mut swarm = stack::new_swarm(&Options::default(), Vec::new(), inbound)?;
    swarm.dial(address).map_err(|error| error.to_string())?;
    let opened = tokio::time::timeout(OPEN_TIMEOUT, wait_identified(&mut swarm)).await;
    opened.map_err(|_| "a connection took too long")??;
    tokio::spawn(async move { while swarm.next().await.is_some() {} });
    Ok(())
}

async fn wait_identified(swarm: &mut Swarm<Behaviour>) -> Result<(), String> {
    loop {
        match swarm.select_next_some().await {
            SwarmEvent::Behaviour(BehaviourEvent::Identify(identify::Event::Received {
                ..
            })) => return Ok(()),
            SwarmEvent::OutgoingConnectionError { error, .. } => return Err(error.to_string()),
            SwarmEvent::ConnectionClosed { .. } => {
                return Err("the peer closed the connection early".to_owned());
            }
            _ => {}
        }
    }
}
