//! The task that owns the swarm: it carries out requests and turns events into answers and reports.

use std::collections::{HashMap, HashSet};

use futures::StreamExt;
use libp2p::{
    Multiaddr, PeerId, Swarm,
    core::transport::ListenerId,
    identify, mdns, ping,
    swarm::{
        ConnectionId, SwarmEvent,
        dial_opts::{DialOpts, PeerCondition},
    },
};
use serde_json::json;
use tokio::sync::mpsc;

use crate::{
    handle::{Handle, Reply, Request, peer_of, refuse, with_peer},
    kad,
    options::Options,
    report, serve,
    stack::{self, Behaviour, BehaviourEvent},
};

/// What we remember of a connected peer.
#[derive(Default)]
struct Peer {
    /// The `connected` event was said, so a `disconnected` one is owed.
    announced: bool,
    identity: Option<identify::Info>,
    pinged: bool,
    wait_identity: Vec<Reply<identify::Info>>,
    wait_ping: Vec<Reply<()>>,
    wait_close: Vec<Reply<()>>,
}

/// A connection somebody waits for.
enum Attempt {
    Dial(Reply<PeerId>),
    /// Closed by us as soon as it is identified and pinged; answered when it is closed.
    Visit {
        reply: Reply<()>,
        identified: bool,
        pinged: bool,
    },
}

pub struct Node {
    swarm: Swarm<Behaviour>,
    requests: mpsc::UnboundedReceiver<Request>,
    listeners: HashMap<ListenerId, Vec<Multiaddr>>,
    peers: HashMap<PeerId, Peer>,
    attempts: HashMap<ConnectionId, Attempt>,
    queries: kad::Queries,
    quiet: bool,
}

impl Node {
    /// Starts listening and serving; `run` makes it move.
    pub fn new(options: &Options) -> Result<(Self, Handle), String> {
        let (inbound, streams) = mpsc::unbounded_channel();
        tokio::spawn(serve::serve(streams));
        let protocols = serve::protocols(options.perf);
        let mut swarm = stack::new_swarm(options, protocols, inbound)?;
        let mut listeners = HashMap::new();
        for address in &options.listen {
            let listener = swarm.listen_on(address.clone());
            listeners.insert(listener.map_err(|error| format!("{address}: {error}"))?, vec![]);
        }
        let (sender, requests) = mpsc::unbounded_channel();
        let handle = Handle::new(options.keypair.public().to_peer_id(), sender);
        let node = Self {
            swarm,
            requests,
            listeners,
            peers: HashMap::new(),
            attempts: HashMap::new(),
            queries: kad::Queries::default(),
            quiet: options.quiet,
        };
        Ok((node, handle))
    }

    pub async fn run(mut self) {
        loop {
            tokio::select! {
                request = self.requests.recv() => match request {
                    Some(request) => self.on_request(request),
                    None => return,
                },
                event = self.swarm.select_next_some() => self.on_event(event),
            }
        }
    }

    fn on_request(&mut self, request: Request) {
        match request {
            Request::Listening(reply) => {
                let all = self.listeners.values().all(|addresses| !addresses.is_empty());
                let addresses = self.listeners.values().flatten().cloned();
                let _ = reply.send(all.then(|| addresses.collect()));
            }
            Request::Dial(address, reply) => self.dial(address, reply),
            Request::Visit(address, reply) => {
                let attempt = Attempt::Visit { reply, identified: false, pinged: false };
                self.connect(address, attempt);
            }
            Request::Open(peer, protocol, reply) => {
                self.swarm.behaviour_mut().raw_streams.open(peer, protocol, reply);
            }
            Request::Identity(peer, reply) => match self.peers.get_mut(&peer) {
                None => refuse(reply, "not connected"),
                Some(Peer { identity: Some(identity), .. }) => {
                    let _ = reply.send(Ok(identity.clone()));
                }
                Some(peer) => peer.wait_identity.push(reply),
            },
            Request::Pinged(peer, reply) => match self.peers.get_mut(&peer) {
                None => refuse(reply, "not connected"),
                Some(Peer { pinged: true, .. }) => {
                    let _ = reply.send(Ok(()));
                }
                Some(peer) => peer.wait_ping.push(reply),
            },
            Request::Close(peer, reply) => match self.peers.get_mut(&peer) {
                None => refuse(reply, "not connected"),
                Some(known) => {
                    known.wait_close.push(reply);
                    let _ = self.swarm.disconnect_peer_id(peer);
                }
            },
            Request::Kad(question, reply) => {
                let kad = self.swarm.behaviour_mut().kad.as_mut();
                self.queries.start(kad, question, reply);
            }
            Request::Peers(reply) => {
                let _ = reply.send(self.peers.keys().copied().collect());
            }
            Request::Leave(reply) => {
                let peers: Vec<PeerId> = self.swarm.connected_peers().copied().collect();
                for peer in peers {
                    let _ = self.swarm.disconnect_peer_id(peer);
                }
                let _ = reply.send(());
            }
        }
    }

    fn dial(&mut self, address: Multiaddr, reply: Reply<PeerId>) {
        match peer_of(&address) {
            Some(peer) if self.peers.contains_key(&peer) => {
                let _ = reply.send(Ok(peer));
            }
            _ => self.connect(address, Attempt::Dial(reply)),
        }
    }

    /// Opens a connection, whether or not there is one already.
    fn connect(&mut self, address: Multiaddr, attempt: Attempt) {
        let options = match peer_of(&address) {
            Some(peer) => DialOpts::peer_id(peer)
                .addresses(vec![address])
                .condition(PeerCondition::Always)
                .build(),
            None => DialOpts::unknown_peer_id().address(address).build(),
        };
        let connection = options.connection_id();
        match self.swarm.dial(options) {
            Ok(()) => {
                self.attempts.insert(connection, attempt);
            }
            Err(error) => attempt.fail(&error.to_string()),
        }
    }

    fn on_event(&mut self, event: SwarmEvent<BehaviourEvent>) {
        match event {
            SwarmEvent::NewListenAddr { listener_id, address } => {
                self.listeners.entry(listener_id).or_default().push(address);
                self.announce();
            }
            SwarmEvent::ExpiredListenAddr { listener_id, address } => {
                let addresses = self.listeners.entry(listener_id).or_default();
                addresses.retain(|known| *known != address);
                self.swarm.remove_external_address(&address);
            }
            SwarmEvent::ConnectionEstablished { peer_id, connection_id, .. } => {
                self.on_connected(peer_id, connection_id);
            }
            SwarmEvent::ConnectionClosed { peer_id, connection_id, num_established, .. } => {
                self.on_closed(peer_id, connection_id, num_established);
            }
            SwarmEvent::OutgoingConnectionError { connection_id, error, .. } => {
                if let Some(attempt) = self.attempts.remove(&connection_id) {
                    attempt.fail(&error.to_string());
                }
            }
            SwarmEvent::IncomingConnectionError { send_back_addr, error, .. } => {
                eprintln!("inbound connection from {send_back_addr}: {error}");
            }
            SwarmEvent::Behaviour(BehaviourEvent::Identify(event)) => self.on_identify(event),
            SwarmEvent::Behaviour(BehaviourEvent::Ping(event)) => self.on_ping(event),
            SwarmEvent::Behaviour(BehaviourEvent::Mdns(event)) => self.on_mdns(event),
            SwarmEvent::Behaviour(BehaviourEvent::Kad(event)) => {
                if let Some(kad) = self.swarm.behaviour_mut().kad.as_mut() {
                    self.queries.on_event(kad, event);
                }
            }
            _ => {}
        }
    }

    /// To the DHT an address counts that the application vouches for.
    fn announce(&mut self) {
        if self.swarm.behaviour().kad.is_enabled() {
            let addresses: Vec<Multiaddr> = self.listeners.values().flatten().cloned().collect();
            for address in addresses.iter().filter(|a| kad::is_announced(a, &addresses)) {
                self.swarm.add_external_address(address.clone());
            }
        }
    }

    fn on_connected(&mut self, peer_id: PeerId, connection: ConnectionId) {
        let peer = self.peers.entry(peer_id).or_default();
        let visit = matches!(self.attempts.get(&connection), Some(Attempt::Visit { .. }));
        if !visit && !peer.announced {
            peer.announced = true;
            self.say_event("connected", peer_id);
        }
        if !visit && let Some(Attempt::Dial(reply)) = self.attempts.remove(&connection) {
            let _ = reply.send(Ok(peer_id));
        }
    }

    fn on_closed(&mut self, peer_id: PeerId, connection: ConnectionId, others: u32) {
        if let Some(Attempt::Visit { reply, identified, pinged }) =
            self.attempts.remove(&connection)
        {
            let _ = reply.send(match identified && pinged {
                true => Ok(()),
                false => Err("the peer closed the connection early".to_owned()),
            });
        }
        if others > 0 {
            return;
        }
        let Some(peer) = self.peers.remove(&peer_id) else { return };
        if peer.announced {
            self.say_event("disconnected", peer_id);
        }
        for reply in peer.wait_close {
            let _ = reply.send(Ok(()));
        }
    }

    fn on_identify(&mut self, event: identify::Event) {
        match event {
            identify::Event::Received { connection_id, peer_id, info } => {
                if let Some(kad) = self.swarm.behaviour_mut().kad.as_mut() {
                    kad::on_identified(kad, &peer_id, &info);
                }
                if let Some(peer) = self.peers.get_mut(&peer_id) {
                    for reply in peer.wait_identity.drain(..) {
                        let _ = reply.send(Ok(info.clone()));
                    }
                    peer.identity = Some(info);
                }
                if let Some(Attempt::Visit { identified, .. }) =
                    self.attempts.get_mut(&connection_id)
                {
                    *identified = true;
                }
                self.end_visit(connection_id);
            }
            identify::Event::Error { peer_id, error, .. } => {
                eprintln!("identify with {peer_id}: {error}");
                if let Some(peer) = self.peers.get_mut(&peer_id) {
                    for reply in peer.wait_identity.drain(..) {
                        refuse(reply, &error.to_string());
                    }
                }
            }
            _ => {}
        }
    }

    fn on_ping(&mut self, event: ping::Event) {
        if let Some(peer) = self.peers.get_mut(&event.peer) {
            peer.pinged = true;
            for reply in peer.wait_ping.drain(..) {
                let _ = reply.send(Ok(()));
            }
        }
        match event.result {
            Ok(_) => {
                if let Some(Attempt::Visit { pinged, .. }) =
                    self.attempts.get_mut(&event.connection)
                {
                    *pinged = true;
                }
                self.end_visit(event.connection);
            }
            Err(error) => eprintln!("ping of {}: {error}", event.peer),
        }
    }

    fn end_visit(&mut self, connection: ConnectionId) {
        if let Some(Attempt::Visit { identified: true, pinged: true, .. }) =
            self.attempts.get(&connection)
        {
            self.swarm.close_connection(connection);
        }
    }

    fn on_mdns(&mut self, event: mdns::Event) {
        let mdns::Event::Discovered(found) = event else { return };
        if self.quiet {
            return;
        }
        let peers: HashSet<PeerId> = found.iter().map(|(peer, _)| *peer).collect();
        for peer in peers {
            let addresses = found.iter().filter(|(owner, _)| *owner == peer);
            let addresses: Vec<String> =
                addresses.map(|(_, address)| with_peer(address, peer)).collect();
            report::say(json!({
                "event": "discovered", "peer_id": peer.to_string(), "addresses": addresses,
            }));
        }
    }

    fn say_event(&self, event: &str, peer: PeerId) {
        if !self.quiet {
            report::say(json!({"event": event, "peer_id": peer.to_string()}));
        }
    }
}

impl Attempt {
    fn fail(self, error: &str) {
        match self {
            Attempt::Dial(reply) => refuse(reply, error),
            Attempt::Visit { reply, .. } => refuse(reply, error),
        }
    }
}
