//! Transport, upgrades and behaviours: what every swarm of this program is made of.

use std::time::Duration;

use libp2p::{
    PeerId, StreamProtocol, Swarm, Transport,
    core::{
        muxing::StreamMuxerBox,
        transport::{Boxed, timeout::TransportTimeout},
        upgrade,
    },
    dns, identify,
    identity::Keypair,
    mdns, noise, ping,
    swarm::{NetworkBehaviour, behaviour::toggle::Toggle},
    tcp, yamux,
};

use crate::{kad, options::Options, raw_streams};

/// The version of the `libp2p` crate; by itself identify would tell its own.
pub const AGENT: &str = "rust-libp2p/0.57.1";
const PROTOCOL_VERSION: &str = "ipfs/0.1.0";

/// The builder of rust-libp2p has the same.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// As many as yamux lets in; by itself the swarm drops what comes after 128.
const NEGOTIATING_STREAMS_MAX: usize = 512;

#[derive(NetworkBehaviour)]
pub struct Behaviour {
    identify: identify::Behaviour,
    ping: ping::Behaviour,
    mdns: Toggle<mdns::tokio::Behaviour>,
    pub kad: Toggle<kad::Behaviour>,
    pub raw_streams: raw_streams::Behaviour,
}

/// A swarm as the builder of rust-libp2p makes it, but without an end to idle connections.
pub fn new_swarm(
    options: &Options,
    protocols: Vec<StreamProtocol>,
    inbound: raw_streams::Inbound,
) -> Result<Swarm<Behaviour>, String> {
    let keypair = &options.keypair;
    let peer = keypair.public().to_peer_id();
    let protocol_version = PROTOCOL_VERSION.to_owned();
    let identify = match options.signed_record {
        true => identify::Config::new_with_signed_peer_record(protocol_version, keypair),
        false => identify::Config::new(protocol_version, keypair.public()),
    };
    let mdns = match options.mdns {
        true => Some(mdns::tokio::Behaviour::new(mdns::Config::default(), peer)),
        false => None,
    };
    let behaviour = Behaviour {
        identify: identify::Behaviour::new(identify.with_agent_version(AGENT.into())),
        ping: ping::Behaviour::default(),
        kad: options.kad.as_ref().map(|settings| kad::new_behaviour(peer, settings)).into(),
        mdns: mdns.transpose().map_err(|error| format!("mdns: {error}"))?.into(),
        raw_streams: raw_streams::Behaviour::new(protocols, inbound),
    };
    let config = libp2p::swarm::Config::with_tokio_executor()
        .with_idle_connection_timeout(Duration::from_secs(u64::MAX))
        .with_max_negotiating_inbound_streams(NEGOTIATING_STREAMS_MAX);
    Ok(Swarm::new(new_transport(keypair)?, behaviour, peer, config))
}

fn new_transport(keypair: &Keypair) -> Result<Boxed<(PeerId, StreamMuxerBox)>, String> {
    let new_tcp = || tcp::tokio::Transport::new(tcp::Config::default());
    // A network namespace of a test may be without a resolver.
    let transport = dns::tokio::Transport::system(new_tcp()).unwrap_or_else(|_| {
        let options = dns::ResolverOpts::default();
        dns::tokio::Transport::custom(new_tcp(), dns::ResolverConfig::default(), options)
    });
    let noise = noise::Config::new(keypair).map_err(|error| format!("noise: {error}"))?;
    let transport = transport
        .upgrade(upgrade::Version::V1Lazy)
        .authenticate(noise)
        .multiplex(yamux::Config::default())
        .map(|(peer, muxer), _| (peer, StreamMuxerBox::new(muxer)));
    Ok(TransportTimeout::new(transport, CONNECT_TIMEOUT).boxed())
}
