package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/ipfs/boxo/ipns"
	"github.com/ipfs/boxo/path"
	"github.com/ipfs/go-cid"
	dht "github.com/libp2p/go-libp2p-kad-dht"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
	ma "github.com/multiformats/go-multiaddr"
	manet "github.com/multiformats/go-multiaddr/net"
	"github.com/multiformats/go-multihash"
)

const ipnsTTL = 5 * time.Minute // a hint to caches

// newKad is the DHT of a LAN as kubo has it (go-libp2p-kad-dht/dual), under the given name.  That
// one never tells of loopback addresses, which a host that has no others cannot do without.
func newKad(h host.Host, name string, client bool) (*dht.IpfsDHT, error) {
	mode := dht.ModeServer
	if client {
		mode = dht.ModeClient
	}
	options := []dht.Option{
		dht.V1ProtocolOverride(protocol.ID(name)),
		dht.Mode(mode),
		dht.QueryFilter(dht.PrivateQueryFilter),
		dht.RoutingTableFilter(dht.PrivateRoutingTableFilter),
	}
	if len(withoutLoopback(h.Addrs())) > 0 {
		options = append(options, dht.AddressFilter(withoutLoopback))
	}
	return dht.New(h, options...)
}

func withoutLoopback(addresses []ma.Multiaddr) []ma.Multiaddr {
	return ma.FilterAddrs(addresses, func(a ma.Multiaddr) bool { return !manet.IsIPLoopback(a) })
}

// executeKad does what needs the DHT; nil, nil if the command is none of its own.
func (p *program) executeKad(ctx context.Context, c *command) (object, error) {
	switch c.Cmd {
	case "ipns_record":
		return p.ipnsRecord(c)
	case "find_peer", "closest", "provide", "find_providers", "put_value", "get_value", "table":
		if p.kad == nil {
			return nil, errors.New("started without --kad")
		}
	default:
		return nil, nil
	}
	key, err := hex.DecodeString(c.Key)
	if err != nil {
		return nil, err
	}
	switch c.Cmd {
	case "find_peer":
		return p.findPeer(ctx, c.PeerID)
	case "closest":
		ids, err := p.kad.GetClosestPeers(ctx, string(key))
		return object{"peers": texts(ids)}, err
	case "provide", "find_providers":
		return p.providers(ctx, c, key)
	case "put_value":
		value, err := hex.DecodeString(c.Value)
		if err != nil {
			return nil, err
		}
		return object{}, p.kad.PutValue(ctx, string(key), value)
	case "get_value":
		value, err := p.kad.GetValue(ctx, string(key))
		return object{"value": hex.EncodeToString(value)}, err
	}
	return object{"peers": texts(p.kad.RoutingTable().ListPeers())}, nil
}

func (p *program) findPeer(ctx context.Context, text string) (object, error) {
	id, err := peer.Decode(text)
	if err != nil {
		return nil, err
	}
	info, err := p.kad.FindPeer(ctx, id)
	return object{"addresses": withPeerID(info.Addrs, id)}, err
}

func (p *program) providers(ctx context.Context, c *command, key []byte) (object, error) {
	hash, err := multihash.Cast(key)
	if err != nil {
		return nil, err
	}
	content := cid.NewCidV1(cid.Raw, hash)
	if c.Cmd == "provide" {
		return object{}, p.kad.Provide(ctx, content, true)
	}
	found, addresses := []string{}, map[string][]string{}
	for info := range p.kad.FindProvidersAsync(ctx, content, max(c.Count, 1)) {
		id := info.ID.String()
		if _, twice := addresses[id]; !twice { // once more when its addresses become known
			found = append(found, id)
		}
		addresses[id] = withPeerID(info.Addrs, info.ID)
	}
	return object{"peers": found, "addresses": addresses}, nil
}

// ipnsRecord points the name of our own key somewhere.
func (p *program) ipnsRecord(c *command) (object, error) {
	value, err := path.NewPath(c.Value)
	if err != nil {
		return nil, err
	}
	key := p.host.Peerstore().PrivKey(p.host.ID())
	if key == nil {
		return nil, fmt.Errorf("no private key of %s", p.host.ID())
	}
	end := time.Now().Add(time.Duration(c.LifetimeS * float64(time.Second)))
	record, err := ipns.NewRecord(key, value, c.Sequence, end, ipnsTTL)
	if err != nil {
		return nil, err
	}
	encoded, err := ipns.MarshalRecord(record)
	name := ipns.NameFromPeer(p.host.ID()).RoutingKey()
	return object{"key": hex.EncodeToString(name), "record": hex.EncodeToString(encoded)}, err
}
