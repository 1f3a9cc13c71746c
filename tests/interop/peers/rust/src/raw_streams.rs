//! Streams handed to the application as they are.
//!
//! Does what the `libp2p-stream` crate does, for two needs which that one leaves open: it drops
//! inbound streams that arrive faster than they are taken (its channel has no room), and opens
//! outbound ones strictly one after the other.

use std::{
    collections::VecDeque,
    convert::Infallible,
    future::{Ready, ready},
    sync::Arc,
    task::{Context, Poll},
};

use libp2p::{
    InboundUpgrade, Multiaddr, OutboundUpgrade, PeerId, StreamProtocol,
    core::{Endpoint, UpgradeInfo, transport::PortUse, upgrade::ReadyUpgrade},
    swarm::{
        ConnectionDenied, ConnectionHandler, ConnectionHandlerEvent, ConnectionId, FromSwarm,
        NetworkBehaviour, NotifyHandler, Stream, StreamUpgradeError, SubstreamProtocol, THandler,
        THandlerInEvent, THandlerOutEvent, ToSwarm,
        handler::{
            ConnectionEvent, DialUpgradeError, FullyNegotiatedInbound, FullyNegotiatedOutbound,
        },
    },
};
use tokio::sync::{mpsc, oneshot};

pub type OpenReply = oneshot::Sender<Result<Stream, String>>;
pub type Inbound = mpsc::UnboundedSender<(StreamProtocol, Stream)>;

type Protocols = Arc<[StreamProtocol]>;

/// A wish for a stream of this protocol.
#[derive(Debug)]
pub struct Open {
    protocol: StreamProtocol,
    reply: OpenReply,
}

pub struct Behaviour {
    protocols: Protocols,
    inbound: Inbound,
    wishes: VecDeque<(PeerId, Open)>,
}

impl Behaviour {
    pub fn new(protocols: Vec<StreamProtocol>, inbound: Inbound) -> Self {
        Self { protocols: protocols.into(), inbound, wishes: VecDeque::new() }
    }

    /// Opens a stream to a connected peer. The reply is dropped if it is not connected.
    pub fn open(&mut self, peer: PeerId, protocol: StreamProtocol, reply: OpenReply) {
        self.wishes.push_back((peer, Open { protocol, reply }));
    }

    fn handler(&self) -> Handler {
        Handler {
            protocols: self.protocols.clone(),
            inbound: self.inbound.clone(),
            wishes: VecDeque::new(),
        }
    }
}

impl NetworkBehaviour for Behaviour {
    type ConnectionHandler = Handler;
    type ToSwarm = Infallible;

    fn handle_established_inbound_connection(
        &mut self,
        _: ConnectionId,
        _: PeerId,
        _: &Multiaddr,
        _: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        Ok(self.handler())
    }

    fn handle_established_outbound_connection(
        &mut self,
        _: ConnectionId,
        _: PeerId,
        _: &Multiaddr,
        _: Endpoint,
        _: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        Ok(self.handler())
    }

    fn on_swarm_event(&mut self, _: FromSwarm) {}

    fn on_connection_handler_event(
        &mut self,
        _: PeerId,
        _: ConnectionId,
        event: THandlerOutEvent<Self>,
    ) {
        match event {}
    }

    fn poll(&mut self, _: &mut Context<'_>) -> Poll<ToSwarm<Self::ToSwarm, THandlerInEvent<Self>>> {
        // The node that queues wishes polls the swarm next, so there is no waker to keep.
        match self.wishes.pop_front() {
            Some((peer_id, event)) => {
                Poll::Ready(ToSwarm::NotifyHandler { peer_id, handler: NotifyHandler::Any, event })
            }
            None => Poll::Pending,
        }
    }
}

pub struct Handler {
    protocols: Protocols,
    inbound: Inbound,
    wishes: VecDeque<Open>,
}

impl ConnectionHandler for Handler {
    type FromBehaviour = Open;
    type ToBehaviour = Infallible;
    type InboundProtocol = AnyOf;
    type OutboundProtocol = ReadyUpgrade<StreamProtocol>;
    type InboundOpenInfo = ();
    type OutboundOpenInfo = OpenReply;

    fn listen_protocol(&self) -> SubstreamProtocol<AnyOf> {
        SubstreamProtocol::new(AnyOf(self.protocols.clone()), ())
    }

    fn on_behaviour_event(&mut self, wish: Open) {
        self.wishes.push_back(wish);
    }

    fn poll(
        &mut self,
        _: &mut Context<'_>,
    ) -> Poll<ConnectionHandlerEvent<ReadyUpgrade<StreamProtocol>, OpenReply, Infallible>> {
        match self.wishes.pop_front() {
            Some(Open { protocol, reply }) => {
                Poll::Ready(ConnectionHandlerEvent::OutboundSubstreamRequest {
                    protocol: SubstreamProtocol::new(ReadyUpgrade::new(protocol), reply),
                })
            }
            None => Poll::Pending,
        }
    }

    fn on_connection_event(
        &mut self,
        event: ConnectionEvent<AnyOf, ReadyUpgrade<StreamProtocol>, (), OpenReply>,
    ) {
        match event {
            ConnectionEvent::FullyNegotiatedInbound(FullyNegotiatedInbound {
                protocol: (stream, protocol),
                ..
            }) => {
                let _ = self.inbound.send((protocol, stream));
            }
            ConnectionEvent::FullyNegotiatedOutbound(FullyNegotiatedOutbound {
                protocol: stream,
                info: reply,
            }) => {
                let _ = reply.send(Ok(stream));
            }
            ConnectionEvent::DialUpgradeError(DialUpgradeError { info: reply, error }) => {
                let text = match error {
                    StreamUpgradeError::Timeout => "the protocol negotiation timed out".to_owned(),
                    StreamUpgradeError::NegotiationFailed => {
                        "the peer does not support the protocol".to_owned()
                    }
                    StreamUpgradeError::Io(error) => format!("could not open a stream: {error}"),
                    StreamUpgradeError::Apply(never) => match never {},
                };
                let _ = reply.send(Err(text));
            }
            _ => {}
        }
    }
}

/// Accepts a stream of any of these protocols and tells which it was.
pub struct AnyOf(Protocols);

impl UpgradeInfo for AnyOf {
    type Info = StreamProtocol;
    type InfoIter = std::vec::IntoIter<StreamProtocol>;

    fn protocol_info(&self) -> Self::InfoIter {
        self.0.iter().cloned().collect::<Vec<_>>().into_iter()
    }
}

impl InboundUpgrade<Stream> for AnyOf {
    type Output = (Stream, StreamProtocol);
    type Error = Infallible;
    type Future = Ready<Result<Self::Output, Infallible>>;

    fn upgrade_inbound(self, stream: Stream, protocol: StreamProtocol) -> Self::Future {
        ready(Ok((stream, protocol)))
    }
}

impl OutboundUpgrade<Stream> for AnyOf {
    type Output = (Stream, StreamProtocol);
    type Error = Infallible;
    type Future = Ready<Result<Self::Output, Infallible>>;

    fn upgrade_outbound(self, stream: Stream, protocol: StreamProtocol) -> Self::Future {
        ready(Ok((stream, protocol)))
    }
}
