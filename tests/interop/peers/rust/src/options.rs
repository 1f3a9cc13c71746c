//! The command line.

use libp2p::{Multiaddr, StreamProtocol, identity::Keypair, kad::Mode};

use crate::{kad, report};

pub const USAGE: &str = "usage: peer [--listen MULTIADDR]... [--seed HEX32] [--mdns] [--perf]
            [--kad PROTOCOL | --kad-client PROTOCOL] [--signed-record] [--quiet]";

pub struct Options {
    pub keypair: Keypair,
    pub listen: Vec<Multiaddr>,
    /// Announce ourselves and look for others on the local network.
    pub mdns: bool,
    /// Serve `/perf/1.0.0`.
    pub perf: bool,
    /// Take part in a Kademlia DHT.
    pub kad: Option<kad::Settings>,
    /// Send a signed peer record with identify. Not done by itself, by rust-libp2p either: it signs
    /// under a name of its own, and js-libp2p refuses the whole message for it.
    pub signed_record: bool,
    /// Keep `connected`, `disconnected` and `discovered` to ourselves.
    pub quiet: bool,
}

impl Default for Options {
    /// A new identity, and nothing that has to be asked for.
    fn default() -> Self {
        Self {
            keypair: Keypair::generate_ed25519(),
            listen: Vec::new(),
            mdns: false,
            perf: false,
            kad: None,
            signed_record: false,
            quiet: false,
        }
    }
}

impl Options {
    pub fn from_arguments(arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut options = Self::default();
        let mut arguments = arguments;
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().ok_or(format!("{argument} needs a value"));
            match argument.as_str() {
                "--listen" => options
                    .listen
                    .push(value()?.parse().map_err(|error| format!("--listen: {error}"))?),
                "--seed" => options.keypair = keypair_from_seed(&value()?)?,
                "--mdns" => options.mdns = true,
                "--perf" => options.perf = true,
                "--kad" => options.kad = Some(kad_settings(value()?, Mode::Server)?),
                "--kad-client" => options.kad = Some(kad_settings(value()?, Mode::Client)?),
                "--signed-record" => options.signed_record = true,
                "--quiet" => options.quiet = true,
                _ => return Err(format!("unknown argument {argument}")),
            }
        }
        Ok(options)
    }
}

fn kad_settings(name: String, mode: Mode) -> Result<kad::Settings, String> {
    let protocol = StreamProtocol::try_from_owned(name).map_err(|error| error.to_string())?;
    Ok(kad::Settings { protocol, mode })
}

fn keypair_from_seed(text: &str) -> Result<Keypair, String> {
    let seed = report::from_hex(text).filter(|seed| seed.len() == 32);
    let mut seed = seed.ok_or("--seed: expected 64 hexadecimal digits")?;
    Keypair::ed25519_from_bytes(&mut seed).map_err(|error| format!("--seed: {error}"))
}
