//! The command line.

use libp2p::{Multiaddr, identity::Keypair};

pub const USAGE: &str = "usage: peer [--listen MULTIADDR]... [--seed HEX32] [--mdns] [--perf]
            [--signed-record] [--quiet]";

pub struct Options {
    pub keypair: Keypair,
    pub listen: Vec<Multiaddr>,
    /// Announce ourselves and look for others on the local network.
    pub mdns: bool,
    /// Serve `/perf/1.0.0`.
    pub perf: bool,
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
                "--signed-record" => options.signed_record = true,
                "--quiet" => options.quiet = true,
                _ => return Err(format!("unknown argument {argument}")),
            }
        }
        Ok(options)
    }
}

fn keypair_from_seed(text: &str) -> Result<Keypair, String> {
    let digits = text.as_bytes();
    let seed: Option<Vec<u8>> = digits
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect();
    let seed = seed.filter(|seed| seed.len() == 32 && digits.len() == 64);
    let mut seed = seed.ok_or("--seed: expected 64 hexadecimal digits")?;
    Keypair::ed25519_from_bytes(&mut seed).map_err(|error| format!("--seed: {error}"))
}
