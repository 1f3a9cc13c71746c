//! How the other tasks ask the node.

use std::time::Duration;

use libp2p::{Multiaddr, PeerId, StreamProtocol, identify, multiaddr, swarm::Stream};
use serde_json::Value;
use tokio::sync::{mpsc, oneshot};

use crate::{kad, raw_streams};

/// How long a command waits for what a peer does unasked.
const PEER_TIMEOUT: Duration = Duration::from_secs(10);
/// The addresses of a listener on all interfaces come one by one.
const LISTEN_SETTLE: Duration = Duration::from_millis(30);

pub type Reply<T> = oneshot::Sender<Result<T, String>>;

pub enum Request {
    Listening(oneshot::Sender<Option<Vec<Multiaddr>>>),
    Dial(Multiaddr, Reply<PeerId>),
    Visit(Multiaddr, Reply<()>),
    Open(PeerId, StreamProtocol, raw_streams::OpenReply),
    Identity(PeerId, Reply<identify::Info>),
    Pinged(PeerId, Reply<()>),
    Close(PeerId, Reply<()>),
    Kad(kad::Question, Reply<Value>),
    Peers(oneshot::Sender<Vec<PeerId>>),
    Leave(oneshot::Sender<()>),
}

/// Asks the node.
#[derive(Clone)]
pub struct Handle {
    local: PeerId,
    requests: mpsc::UnboundedSender<Request>,
}

impl Handle {
    pub fn new(local: PeerId, requests: mpsc::UnboundedSender<Request>) -> Self {
        Self { local, requests }
    }

    async fn ask<T>(
        &self,
        request: impl FnOnce(oneshot::Sender<T>) -> Request,
    ) -> Result<T, String> {
        let (reply, answer) = oneshot::channel();
        let _ = self.requests.send(request(reply));
        answer.await.map_err(|_| "not connected".to_owned())
    }

    /// Our addresses, once every listener has one.
    pub async fn listening(&self) -> Result<Vec<String>, String> {
        while self.ask(Request::Listening).await?.is_none() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let mut addresses = self.ask(Request::Listening).await?.unwrap_or_default();
        if addresses.iter().any(|address| !address.to_string().starts_with("/ip4/127.")) {
            tokio::time::sleep(LISTEN_SETTLE).await;
            addresses = self.ask(Request::Listening).await?.unwrap_or_default();
        }
        Ok(addresses.iter().map(|address| with_peer(address, self.local)).collect())
    }

    /// Connects, or says that we are connected.
    pub async fn dial(&self, address: Multiaddr) -> Result<PeerId, String> {
        self.ask(|reply| Request::Dial(address, reply)).await?
    }

    /// Makes a new connection that is closed after identify and one ping.
    pub async fn visit(&self, address: Multiaddr) -> Result<(), String> {
        self.ask(|reply| Request::Visit(address, reply)).await?
    }

    pub async fn open(&self, peer: PeerId, protocol: StreamProtocol) -> Result<Stream, String> {
        self.ask(|reply| Request::Open(peer, protocol, reply)).await?
    }

    /// What identify told about the peer.
    pub async fn identity(&self, peer: PeerId) -> Result<identify::Info, String> {
        let answer = self.ask(|reply| Request::Identity(peer, reply));
        let answer = tokio::time::timeout(PEER_TIMEOUT, answer).await;
        answer.map_err(|_| "the peer was not identified in time")??
    }

    /// Waits for the ping that rust-libp2p makes by itself; one that fails is no reason to wait on.
    pub async fn pinged(&self, peer: PeerId) -> Result<(), String> {
        let answer = self.ask(|reply| Request::Pinged(peer, reply));
        match tokio::time::timeout(PEER_TIMEOUT, answer).await {
            Ok(answer) => answer?,
            Err(_) => Ok(()),
        }
    }

    pub async fn close(&self, peer: PeerId) -> Result<(), String> {
        self.ask(|reply| Request::Close(peer, reply)).await?
    }

    pub async fn peers(&self) -> Result<Vec<PeerId>, String> {
        self.ask(Request::Peers).await
    }

    /// Asks the DHT.
    pub async fn kad(&self, question: kad::Question) -> Result<Value, String> {
        self.ask(|reply| Request::Kad(question, reply)).await?
    }

    /// Closes every connection.
    pub async fn leave(&self) {
        let _ = self.ask(Request::Leave).await;
        while self.peers().await.is_ok_and(|peers| !peers.is_empty()) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

pub fn refuse<T>(reply: Reply<T>, error: &str) {
    let _ = reply.send(Err(error.to_owned()));
}

pub fn peer_of(address: &Multiaddr) -> Option<PeerId> {
    address.iter().find_map(|part| match part {
        multiaddr::Protocol::P2p(peer) => Some(peer),
        _ => None,
    })
}

pub fn with_peer(address: &Multiaddr, peer: PeerId) -> String {
    match peer_of(address) {
        Some(_) => address.to_string(),
        None => format!("{address}/p2p/{peer}"),
    }
}
