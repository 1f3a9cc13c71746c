package main

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"math"
	"runtime/debug"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p"
	"github.com/libp2p/go-libp2p/core/connmgr"
	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	rcmgr "github.com/libp2p/go-libp2p/p2p/host/resource-manager"
	"github.com/libp2p/go-libp2p/p2p/muxer/yamux"
	"github.com/libp2p/go-libp2p/p2p/net/swarm"
	"github.com/libp2p/go-libp2p/p2p/security/noise"
	"github.com/libp2p/go-libp2p/p2p/transport/tcp"
	"github.com/libp2p/go-libp2p/x/rate"
)

const (
	module         = "github.com/libp2p/go-libp2p"
	dialAddressTTL = time.Hour
)

// agent is the library and its version, as built in.
func agent() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, dependency := range info.Deps {
			if dependency.Path == module {
				return "go-libp2p/" + dependency.Version
			}
		}
	}
	return "go-libp2p/unknown"
}

// newHost is TCP, Noise, yamux, identify and ping; no relay, NAT code, metrics or limits.
func newHost(seed string, listen ...string) (host.Host, error) {
	key, err := identity(seed)
	if err != nil {
		return nil, err
	}
	resources, err := unlimited()
	if err != nil {
		return nil, err
	}
	options := []libp2p.Option{
		libp2p.Identity(key),
		libp2p.UserAgent(agent()),
		libp2p.Transport(tcp.NewTCPTransport),
		libp2p.Security(noise.ID, noise.New),
		libp2p.Muxer(yamux.ID, yamux.DefaultTransport),
		libp2p.ResourceManager(resources),
		libp2p.ConnectionManager(connmgr.NullConnMgr{}), // the default one trims above 192 connections
		libp2p.ForceReachabilityPrivate(),               // a fixed answer: nothing probes
		libp2p.DisableIdentifyAddressDiscovery(),
		libp2p.DisableRelay(),
		libp2p.DisableMetrics(),
		libp2p.NoListenAddrs,
	}
	if len(listen) > 0 {
		options[len(options)-1] = libp2p.ListenAddrStrings(listen...)
	}
	return libp2p.New(options...)
}

var otherKinds = map[string]int{"rsa": crypto.RSA, "ecdsa": crypto.ECDSA, "secp256k1": crypto.Secp256k1}

func identity(seed string) (crypto.PrivKey, error) {
	if seed == "" {
		key, _, err := crypto.GenerateEd25519Key(rand.Reader)
		return key, err
	}
	if kind, ok := otherKinds[seed]; ok {
		key, _, err := crypto.GenerateKeyPairWithReader(kind, 2048, rand.Reader) // bits: RSA's
		return key, err
	}
	raw, err := hex.DecodeString(seed)
	if err != nil || len(raw) != ed25519.SeedSize {
		return nil, fmt.Errorf("--seed takes %d bytes in hex", ed25519.SeedSize)
	}
	return crypto.UnmarshalEd25519PrivateKey(ed25519.NewKeyFromSeed(raw))
}

// unlimited lets a bench open what it likes.  The defaults hold 8 connections and one new
// connection every five seconds from an address that is not loopback.
func unlimited() (network.ResourceManager, error) {
	perSubnet := []rcmgr.ConnLimitPerSubnet{{PrefixLength: 0, ConnCount: math.MaxInt}}
	return rcmgr.NewResourceManager(
		rcmgr.NewFixedLimiter(rcmgr.InfiniteLimits),
		rcmgr.WithMetricsDisabled(),
		rcmgr.WithLimitPerSubnet(perSubnet, perSubnet),
		rcmgr.WithConnRateLimiters(&rate.Limiter{}),
	)
}

// dial opens a connection to exactly this address, whatever is remembered of the peer, and
// comes back when identify is done.
func dial(ctx context.Context, h host.Host, address string) (peer.ID, error) {
	info, err := peer.AddrInfoFromString(address)
	if err != nil {
		return "", err
	}
	if h.Network().Connectedness(info.ID) != network.Connected {
		h.Peerstore().ClearAddrs(info.ID)
		// Connect itself adds it for a time that tidying up after the last connection cuts to none.
		h.Peerstore().AddAddrs(info.ID, info.Addrs, dialAddressTTL)
		if s, ok := h.Network().(*swarm.Swarm); ok {
			s.Backoff().Clear(info.ID)
		}
	}
	return info.ID, h.Connect(ctx, *info)
}

// extraHosts are the identities that open_connections made.
type extraHosts struct {
	lock  sync.Mutex
	hosts []host.Host
}

func (e *extraHosts) open(ctx context.Context, address string) error {
	h, err := newHost("")
	if err != nil {
		return err
	}
	if _, err := dial(ctx, h, address); err != nil {
		h.Close()
		return err
	}
	e.lock.Lock()
	defer e.lock.Unlock()
	e.hosts = append(e.hosts, h)
	return nil
}

func (e *extraHosts) close() int {
	e.lock.Lock()
	defer e.lock.Unlock()
	count := len(e.hosts)
	for _, h := range e.hosts {
		h.Close()
	}
	e.hosts = nil
	return count
}
