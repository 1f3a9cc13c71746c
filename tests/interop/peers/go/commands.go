package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/event"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
	"github.com/libp2p/go-libp2p/p2p/protocol/identify"
	"github.com/libp2p/go-libp2p/p2p/protocol/ping"
)

const (
	identifyTimeout = 10 * time.Second
	openersMax      = 16 // connections that open_connections has in the making
)

func (p *program) execute(ctx context.Context, c *command) (object, error) {
	switch c.Cmd {
	case "quit":
		return nil, nil
	case "peers":
		ids := []string{}
		for _, id := range p.host.Network().Peers() {
			ids = append(ids, id.String())
		}
		return object{"peers": ids}, nil
	case "dial":
		id, err := dial(ctx, p.host, c.Address)
		return object{"peer_id": id.String()}, err
	case "churn":
		return churn(ctx, c.Address, c.Count, max(c.Concurrency, 1))
	case "open_connections":
		return p.openConnections(ctx, c.Address, c.Count)
	case "close_connections":
		return object{"count": p.extra.close()}, nil
	}
	if result, err := p.executeKad(ctx, c); result != nil || err != nil {
		return result, err
	}
	id, err := peer.Decode(c.PeerID)
	if err != nil {
		return nil, err
	}
	return p.executeWith(ctx, c, id)
}

func (p *program) executeWith(ctx context.Context, c *command, id peer.ID) (object, error) {
	switch c.Cmd {
	case "close_peer":
		return nil, p.host.Network().ClosePeer(id)
	case "identify":
		return p.identify(id)
	}
	ctx = network.WithNoDial(ctx, c.Cmd)
	switch c.Cmd {
	case "ping":
		times, err := pingTimes(ctx, p.host, id, max(c.Count, 1))
		return object{"rtt_ms": times}, err
	case "echo":
		return echo(ctx, p.host, id, c.Bytes, max(c.Streams, 1))
	case "reset":
		return expectReset(ctx, p.host, id)
	case "perf":
		return perf(ctx, p.host, id, c.Upload, c.Download)
	case "source":
		return source(ctx, p.host, id, c.Bytes)
	case "sink":
		return sink(ctx, p.host, id, c.Bytes)
	}
	return nil, fmt.Errorf("unknown command %q", c.Cmd)
}

func pingTimes(ctx context.Context, h host.Host, id peer.ID, count int) ([]float64, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	results := ping.Ping(ctx, h, id)
	times := []float64{}
	for len(times) < count {
		result, more := <-results
		if !more {
			return nil, errors.New("ping ended early")
		}
		if result.Error != nil {
			return nil, result.Error
		}
		times = append(times, milliseconds(result.RTT))
	}
	return times, nil
}

// churn makes `count` connections, `concurrency` at a time: one host each, since a host keeps
// to the connection it has.
func churn(ctx context.Context, address string, count, concurrency int) (object, error) {
	hosts := []host.Host{}
	defer func() {
		for _, h := range hosts {
			h.Close()
		}
	}()
	for range concurrency {
		h, err := newHost("")
		if err != nil {
			return nil, err
		}
		hosts = append(hosts, h)
	}
	started := time.Now()
	err := inParallel(count, concurrency, func(worker int) error {
		id, err := dial(ctx, hosts[worker], address)
		if err != nil {
			return err
		}
		if _, err = pingTimes(ctx, hosts[worker], id, 1); err != nil {
			return err
		}
		return hosts[worker].Network().ClosePeer(id)
	})
	return object{"count": count, "ms": milliseconds(time.Since(started))}, err
}

func (p *program) openConnections(ctx context.Context, address string, count int) (object, error) {
	err := inParallel(count, openersMax, func(int) error { return p.extra.open(ctx, address) })
	return object{"count": count}, err
}

// inParallel calls `work` `count` times from `workers` goroutines and gives the first error.
func inParallel(count, workers int, work func(worker int) error) error {
	tickets := make(chan struct{}, count)
	for range count {
		tickets <- struct{}{}
	}
	close(tickets)
	failures := make(chan error, workers)
	var group sync.WaitGroup
	for worker := range workers {
		group.Go(func() {
			for range tickets {
				if err := work(worker); err != nil {
					failures <- err
					return
				}
			}
		})
	}
	group.Wait()
	close(failures)
	return <-failures
}

// identities holds the last identify answer of every connected peer.
type identities struct {
	lock  sync.Mutex
	known map[peer.ID]event.EvtPeerIdentificationCompleted
}

func (i *identities) put(e event.EvtPeerIdentificationCompleted) {
	i.lock.Lock()
	defer i.lock.Unlock()
	if i.known == nil {
		i.known = map[peer.ID]event.EvtPeerIdentificationCompleted{}
	}
	i.known[e.Peer] = e
}

func (i *identities) forget(id peer.ID) {
	i.lock.Lock()
	defer i.lock.Unlock()
	delete(i.known, id)
}

func (i *identities) get(id peer.ID) (event.EvtPeerIdentificationCompleted, bool) {
	i.lock.Lock()
	defer i.lock.Unlock()
	e, ok := i.known[id]
	return e, ok
}

// wait asks until the event bus has delivered the answer, which lags behind identify itself.
func (i *identities) wait(id peer.ID) (event.EvtPeerIdentificationCompleted, error) {
	for deadline := time.Now().Add(identifyTimeout); time.Now().Before(deadline); {
		if e, ok := i.get(id); ok {
			return e, nil
		}
		time.Sleep(5 * time.Millisecond)
	}
	return event.EvtPeerIdentificationCompleted{}, errors.New("identify did not complete")
}

func (p *program) identify(id peer.ID) (object, error) {
	connections := p.host.Network().ConnsToPeer(id)
	if len(connections) == 0 {
		return nil, errors.New("not connected")
	}
	if service, ok := p.host.(interface{ IDService() identify.IDService }); ok {
		<-service.IDService().IdentifyWait(connections[0])
	}
	e, err := p.identities.wait(id)
	if err != nil {
		return nil, err
	}
	result := object{
		"protocols": p.protocols(id), "listen_addrs": texts(e.ListenAddrs), "observed_addr": nil,
		"agent_version": e.AgentVersion, "protocol_version": e.ProtocolVersion,
		"public_key": nil, "signed_peer_record": nil,
	}
	if e.ObservedAddr != nil {
		result["observed_addr"] = e.ObservedAddr.String()
	}
	if key := p.host.Peerstore().PubKey(id); key != nil {
		if raw, err := crypto.MarshalPublicKey(key); err == nil {
			result["public_key"] = hex.EncodeToString(raw)
		}
	}
	if e.SignedPeerRecord != nil {
		if raw, err := e.SignedPeerRecord.Marshal(); err == nil {
			result["signed_peer_record"] = hex.EncodeToString(raw)
		}
	}
	return result, nil
}

// protocols come from the peerstore, which identify push updates as well.
func (p *program) protocols(id peer.ID) []protocol.ID {
	ids, _ := p.host.Peerstore().GetProtocols(id)
	slices.Sort(ids)
	return ids
}

func texts[T fmt.Stringer](items []T) []string {
	result := []string{}
	for _, item := range items {
		result = append(result, item.String())
	}
	return result
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
