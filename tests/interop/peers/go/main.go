// A go-libp2p peer that a test starts and drives: JSON lines in, JSON lines out (see ../README.md).
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"sync"
	"time"

	dht "github.com/libp2p/go-libp2p-kad-dht"
	"github.com/libp2p/go-libp2p/core/event"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/p2p/discovery/mdns"
	ma "github.com/multiformats/go-multiaddr"
)

const (
	lineBytesMax   = 1 << 20          // of one command
	commandTimeout = 10 * time.Minute // of everything a command does; the tests wait less
)

type object = map[string]any

type command struct {
	ID          any    `json:"id"`
	Cmd         string `json:"cmd"`
	Address     string `json:"address"`
	PeerID      string `json:"peer_id"`
	Count       int    `json:"count"`
	Concurrency int    `json:"concurrency"`
	Bytes       uint64 `json:"bytes"`
	Streams     int    `json:"streams"`
	Upload      uint64 `json:"upload"`
	Download    uint64 `json:"download"`

	Key       string  `json:"key"`
	Value     string  `json:"value"`
	LifetimeS float64 `json:"lifetime_s"`
	Sequence  uint64  `json:"sequence"`
}

type listenAddresses []string

func (l *listenAddresses) String() string         { return fmt.Sprint(*l) }
func (l *listenAddresses) Set(value string) error { *l = append(*l, value); return nil }

// program is one running peer.
type program struct {
	host       host.Host
	kad        *dht.IpfsDHT // or nil
	identities identities
	extra      extraHosts
	quiet      bool
	output     sync.Mutex
}

type options struct {
	listen                 listenAddresses
	mdns, perf, quiet      bool
	seed, kad, kadAsClient string
}

func main() {
	var o options
	flag.Var(&o.listen, "listen", "multiaddr to listen on, repeatable")
	flag.BoolVar(&o.mdns, "mdns", false, "announce and discover by mDNS")
	flag.BoolVar(&o.perf, "perf", false, "serve /perf/1.0.0")
	flag.BoolVar(&o.quiet, "quiet", false, "no events after ready")
	flag.StringVar(&o.seed, "seed", "", "Ed25519 seed, 32 bytes in hex; or rsa, ecdsa, secp256k1: a new key of that kind")
	flag.StringVar(&o.kad, "kad", "", "serve the Kademlia DHT of this protocol name")
	flag.StringVar(&o.kadAsClient, "kad-client", "", "use it and serve nothing")
	flag.Parse()
	if err := run(o); err != nil {
		fmt.Fprintln(os.Stderr, "peer:", err)
		os.Exit(1)
	}
}

func run(o options) error {
	h, err := newHost(o.seed, o.listen...)
	if err != nil {
		return err
	}
	defer h.Close()
	p := &program{host: h, quiet: o.quiet}
	defer p.extra.close()
	if err := p.watch(); err != nil {
		return err
	}
	setHandlers(h, o.perf)
	if o.kad+o.kadAsClient != "" {
		if p.kad, err = newKad(h, o.kad+o.kadAsClient, o.kad == ""); err != nil {
			return err
		}
		defer p.kad.Close()
	}
	p.write(object{
		"event": "ready", "peer_id": h.ID().String(), "addresses": withPeerID(h.Addrs(), h.ID()),
		"agent": agent(), "pid": os.Getpid(),
	})
	if o.mdns {
		service := mdns.NewMdnsService(h, "", p)
		if err := service.Start(); err != nil {
			return err
		}
		defer service.Close()
	}
	p.serve()
	return nil
}

// serve answers commands, each in its own goroutine, until stdin ends or one says quit.
func (p *program) serve() {
	quit := make(chan struct{})
	var once sync.Once
	lines := make(chan []byte)
	go func() {
		defer close(lines)
		scanner := bufio.NewScanner(os.Stdin)
		scanner.Buffer(make([]byte, 4096), lineBytesMax)
		for scanner.Scan() {
			lines <- append([]byte(nil), scanner.Bytes()...)
		}
	}()
	for {
		select {
		case line, more := <-lines:
			if !more {
				return
			}
			go func() {
				if p.answer(line) == "quit" {
					once.Do(func() { close(quit) })
				}
			}()
		case <-quit:
			return
		}
	}
}

func (p *program) answer(line []byte) string {
	var c command
	if err := json.Unmarshal(line, &c); err != nil {
		p.write(object{"id": nil, "ok": false, "error": err.Error()})
		return ""
	}
	ctx, cancel := context.WithTimeout(context.Background(), commandTimeout)
	defer cancel()
	result, err := p.execute(ctx, &c)
	if err != nil {
		p.write(object{"id": c.ID, "ok": false, "error": err.Error()})
		return ""
	}
	if result == nil {
		result = object{}
	}
	result["id"], result["ok"] = c.ID, true
	p.write(result)
	return c.Cmd
}

func (p *program) write(value object) {
	line, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	p.output.Lock()
	defer p.output.Unlock()
	os.Stdout.Write(append(line, '\n'))
}

func (p *program) event(name string, id peer.ID, more object) {
	if p.quiet {
		return
	}
	value := object{"event": name, "peer_id": id.String()}
	for key, item := range more {
		value[key] = item
	}
	p.write(value)
}

// HandlePeerFound is called by the mDNS service, again at every answer it hears.
func (p *program) HandlePeerFound(info peer.AddrInfo) {
	p.event("discovered", info.ID, object{"addresses": withPeerID(info.Addrs, info.ID)})
}

// watch follows the event bus: who comes and goes, and what identify says of them.
func (p *program) watch() error {
	subscription, err := p.host.EventBus().Subscribe([]any{
		new(event.EvtPeerConnectednessChanged),
		new(event.EvtPeerIdentificationCompleted),
	})
	if err != nil {
		return err
	}
	go func() {
		for item := range subscription.Out() {
			switch e := item.(type) {
			case event.EvtPeerIdentificationCompleted:
				if p.host.Network().Connectedness(e.Peer) == network.Connected {
					p.identities.put(e)
				}
			case event.EvtPeerConnectednessChanged:
				if e.Connectedness == network.Connected {
					p.event("connected", e.Peer, nil)
				} else if e.Connectedness == network.NotConnected {
					p.identities.forget(e.Peer)
					p.event("disconnected", e.Peer, nil)
				}
			}
		}
	}()
	return nil
}

func withPeerID(addresses []ma.Multiaddr, id peer.ID) []string {
	texts := []string{}
	for _, address := range addresses {
		texts = append(texts, address.String()+"/p2p/"+id.String())
	}
	return texts
}
