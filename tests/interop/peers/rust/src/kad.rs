//! Questions to the Kademlia DHT: commands ask them, events of the behaviour answer them.

use std::{collections::HashMap, num::NonZeroUsize};

use libp2p::{
    Multiaddr, PeerId, StreamProtocol, identify,
    kad::{
        self, GetClosestPeersError, GetClosestPeersOk, GetProvidersOk, GetRecordOk, Mode, PeerInfo,
        QueryId, QueryResult, Quorum, Record, RecordKey, store::MemoryStore,
    },
};
use serde_json::{Value, json};

use crate::{
    handle::{Reply, refuse, with_peer},
    report,
};

pub type Behaviour = kad::Behaviour<MemoryStore>;

/// The name of the protocol, and whether we serve it or only use it.
#[derive(Clone)]
pub struct Settings {
    pub protocol: StreamProtocol,
    pub mode: Mode,
}

pub fn new_behaviour(local: PeerId, settings: &Settings) -> Behaviour {
    let config = kad::Config::new(settings.protocol.clone());
    let mut behaviour = Behaviour::with_config(local, MemoryStore::new(local), config);
    behaviour.set_mode(Some(settings.mode));
    behaviour
}

pub enum Question {
    FindPeer(PeerId),
    Closest(Vec<u8>),
    Provide(Vec<u8>),
    FindProviders(Vec<u8>, usize),
    PutValue(Vec<u8>, Vec<u8>),
    GetValue(Vec<u8>),
    Table,
}

struct Query {
    question: Question,
    providers: Vec<PeerId>,
    reply: Reply<Value>,
}

/// The queries that run for somebody; those that the behaviour starts by itself are not among them.
#[derive(Default)]
pub struct Queries(HashMap<QueryId, Query>);

impl Queries {
    pub fn start(&mut self, kad: Option<&mut Behaviour>, question: Question, reply: Reply<Value>) {
        let Some(kad) = kad else { return refuse(reply, "started without --kad") };
        let id = match &question {
            Question::FindPeer(peer) => kad.get_closest_peers(*peer),
            Question::Closest(key) => kad.get_closest_peers(key.clone()),
            Question::Provide(key) => match kad.start_providing(RecordKey::new(key)) {
                Ok(id) => id,
                Err(error) => return refuse(reply, &error.to_string()),
            },
            Question::FindProviders(key, _) => kad.get_providers(RecordKey::new(key)),
            Question::PutValue(key, value) => {
                // One more than ourselves must have it; the behaviour asks all of the closest.
                let record = Record::new(RecordKey::new(key), value.clone());
                match kad.put_record(record, Quorum::N(NonZeroUsize::MIN)) {
                    Ok(id) => id,
                    Err(error) => return refuse(reply, &error.to_string()),
                }
            }
            Question::GetValue(key) => kad.get_record(RecordKey::new(key)),
            Question::Table => {
                let _ = reply.send(Ok(json!({"peers": table(kad)})));
                return;
            }
        };
        self.0.insert(id, Query { question, providers: Vec::new(), reply });
    }

    pub fn on_event(&mut self, kad: &mut Behaviour, event: kad::Event) {
        let kad::Event::OutboundQueryProgressed { id, result, step, .. } = event else { return };
        let Some(query) = self.0.get_mut(&id) else { return };
        if let Some(answer) = query.on_progress(kad, result, step.last) {
            if let Some(mut running) = kad.query_mut(&id) {
                running.finish(); // what else it finds is not asked for
            }
            if let Some(query) = self.0.remove(&id) {
                let _ = query.reply.send(answer);
            }
        }
    }
}

impl Query {
    /// The answer, once there is one.
    fn on_progress(
        &mut self,
        kad: &mut Behaviour,
        result: QueryResult,
        last: bool,
    ) -> Option<Result<Value, String>> {
        match result {
            QueryResult::GetClosestPeers(result) => {
                let peers = match result {
                    Ok(GetClosestPeersOk { peers, .. }) => peers,
                    Err(GetClosestPeersError::Timeout { peers, .. }) => peers,
                };
                Some(self.on_closest(kad, peers))
            }
            QueryResult::StartProviding(result) => Some(match result {
                Ok(_) => Ok(json!({})),
                Err(error) => Err(error.to_string()),
            }),
            QueryResult::GetProviders(result) => match result {
                Ok(GetProvidersOk::FoundProviders { providers, .. }) => {
                    let old = self.providers.clone();
                    self.providers.extend(providers.into_iter().filter(|p| !old.contains(p)));
                    self.enough_providers(last)
                }
                Ok(GetProvidersOk::FinishedWithNoAdditionalRecord { .. }) => {
                    self.enough_providers(true)
                }
                Err(error) => Some(Err(error.to_string())),
            },
            QueryResult::PutRecord(result) => Some(match result {
                Ok(_) => Ok(json!({})),
                Err(error) => Err(error.to_string()),
            }),
            // Nobody here could say which of two is the better, so the first it is.
            QueryResult::GetRecord(result) => match result {
                Ok(GetRecordOk::FoundRecord(found)) => {
                    Some(Ok(json!({"value": report::hex(&found.record.value)})))
                }
                Ok(GetRecordOk::FinishedWithNoAdditionalRecord { .. }) => {
                    Some(Err("the record was not found".to_owned()))
                }
                Err(error) => Some(Err(error.to_string())),
            },
            _ => None,
        }
    }

    fn on_closest(&self, kad: &mut Behaviour, peers: Vec<PeerInfo>) -> Result<Value, String> {
        let Question::FindPeer(wanted) = &self.question else {
            let peers: Vec<String> = peers.iter().map(|info| info.peer_id.to_string()).collect();
            return Ok(json!({"peers": peers}));
        };
        let found = peers.iter().find(|info| info.peer_id == *wanted);
        let told = &found.ok_or("the peer was not found")?.addrs;
        let known = addresses_in_table(kad, wanted);
        let news = told.iter().filter(|address| !known.contains(address));
        let addresses: Vec<String> =
            known.iter().chain(news).map(|address| with_peer(address, *wanted)).collect();
        Ok(json!({"addresses": addresses}))
    }

    fn enough_providers(&self, last: bool) -> Option<Result<Value, String>> {
        let Question::FindProviders(_, count) = self.question else { return None };
        let found = self.providers.iter().take(count).map(PeerId::to_string);
        let found: Vec<String> = found.collect();
        (last || found.len() >= count).then(|| Ok(json!({"peers": found})))
    }
}

fn table(kad: &mut Behaviour) -> Vec<String> {
    let mut peers = Vec::new();
    for bucket in kad.kbuckets() {
        peers.extend(bucket.iter().map(|entry| entry.node.key.preimage().to_string()));
    }
    peers
}

/// The answer to a query has only addresses that came up in it.
fn addresses_in_table(kad: &mut Behaviour, peer: &PeerId) -> Vec<Multiaddr> {
    let Some(bucket) = kad.kbucket(*peer) else { return Vec::new() };
    let entry = bucket.iter().find(|entry| entry.node.key.preimage() == peer);
    entry.map(|entry| entry.node.value.iter().cloned().collect()).unwrap_or_default()
}

/// Identify, not Kademlia, learns where a peer listens; the application hands it on.
pub fn on_identified(kad: &mut Behaviour, peer: &PeerId, info: &identify::Info) {
    if info.protocols.iter().any(|name| kad.protocol_names().contains(name)) {
        for address in &info.listen_addrs {
            kad.add_address(peer, address.clone());
        }
    }
}

/// Whether others are to be told of an address that we listen on. Kademlia announces as provider
/// addresses only what the application calls external, and go takes no provider without one.
pub fn is_announced(address: &Multiaddr, listen: &[Multiaddr]) -> bool {
    let is_loopback = |address: &Multiaddr| {
        let text = address.to_string();
        text.starts_with("/ip4/127.") || text.starts_with("/ip6/::1/")
    };
    !is_loopback(address) || listen.iter().all(is_loopback)
}
