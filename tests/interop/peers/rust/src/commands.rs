//! From a JSON command to its JSON answer.

use libp2p::{Multiaddr, PeerId};
use serde_json::{Value, json};

use crate::{exercise, exercise::Outcome, handle::Handle, kad::Question, many, report};

/// Does what one line asked for and answers it.
pub async fn carry_out(command: Value, node: Handle) {
    let id = command["id"].clone();
    report::answer(&id, dispatch(&Command(command), &node).await);
}

async fn dispatch(command: &Command, node: &Handle) -> Outcome {
    match command.text("cmd")? {
        "dial" => {
            let peer = node.dial(command.address()?).await?;
            Ok(json!({"peer_id": peer.to_string()}))
        }
        "ping" => exercise::ping(node, command.peer()?, command.number("count", Some(1))?).await,
        "identify" => identify(node, command.peer()?).await,
        "echo" => {
            let (bytes, streams) = (command.bytes()?, command.number("streams", Some(1))?);
            exercise::echo(node, command.peer()?, bytes, streams).await
        }
        "reset" => exercise::reset(node, command.peer()?).await,
        "perf" => {
            let upload = command.number("upload", Some(0))?;
            let download = command.number("download", Some(0))?;
            exercise::perf(node, command.peer()?, upload, download).await
        }
        "source" => exercise::source(node, command.peer()?, command.bytes()?).await,
        "sink" => exercise::sink(node, command.peer()?, command.bytes()?).await,
        "churn" => {
            let count = command.number("count", None)?;
            let concurrency = command.number("concurrency", Some(1))?;
            exercise::churn(node, command.address()?, count, concurrency).await
        }
        "open_connections" => {
            many::open_connections(command.address()?, command.number("count", None)?).await
        }
        "find_peer" => node.kad(Question::FindPeer(command.peer()?)).await,
        "closest" => node.kad(Question::Closest(command.hex("key")?)).await,
        "provide" => node.kad(Question::Provide(command.hex("key")?)).await,
        "find_providers" => {
            let count = command.number("count", Some(1))? as usize;
            node.kad(Question::FindProviders(command.hex("key")?, count)).await
        }
        "put_value" => {
            let (key, value) = (command.hex("key")?, command.hex("value")?);
            node.kad(Question::PutValue(key, value)).await
        }
        "get_value" => node.kad(Question::GetValue(command.hex("key")?)).await,
        "table" => node.kad(Question::Table).await,
        "close_peer" => node.close(command.peer()?).await.map(|()| json!({})),
        "peers" => {
            let peers = node.peers().await?;
            let peers: Vec<String> = peers.iter().map(PeerId::to_string).collect();
            Ok(json!({"peers": peers}))
        }
        other => Err(format!("unknown command {other}")),
    }
}

async fn identify(node: &Handle, peer: PeerId) -> Outcome {
    let info = node.identity(peer).await?;
    let mut protocols: Vec<String> = info.protocols.iter().map(|name| name.to_string()).collect();
    protocols.sort();
    let addresses: Vec<String> = info.listen_addrs.iter().map(Multiaddr::to_string).collect();
    let record = info.signed_peer_record.map(|record| record.into_protobuf_encoding());
    Ok(json!({
        "protocols": protocols,
        "listen_addrs": addresses,
        "observed_addr": info.observed_addr.to_string(),
        "agent_version": info.agent_version,
        "protocol_version": info.protocol_version,
        "public_key": report::hex(&info.public_key.encode_protobuf()),
        "signed_peer_record": record.map(|record| report::hex(&record)),
    }))
}

/// The fields of a command, each checked when it is asked for.
struct Command(Value);

impl Command {
    fn text(&self, name: &str) -> Result<&str, String> {
        self.0[name].as_str().ok_or(format!("expected a text in \"{name}\""))
    }

    fn number(&self, name: &str, default: Option<u64>) -> Result<u64, String> {
        let field = &self.0[name];
        let default = default.filter(|_| field.is_null());
        default.or(field.as_u64()).ok_or(format!("expected a number in \"{name}\""))
    }

    fn bytes(&self) -> Result<u64, String> {
        self.number("bytes", None)
    }

    fn hex(&self, name: &str) -> Result<Vec<u8>, String> {
        report::from_hex(self.text(name)?).ok_or(format!("expected hexadecimal in \"{name}\""))
    }

    fn peer(&self) -> Result<PeerId, String> {
        let text = self.text("peer_id")?;
        text.parse().map_err(|error| format!("\"peer_id\": {error}"))
    }

    fn address(&self) -> Result<Multiaddr, String> {
        let text = self.text("address")?;
        text.parse().map_err(|error| format!("\"address\": {error}"))
    }
}
