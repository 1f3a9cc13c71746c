package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
)

const (
	echoID   protocol.ID = "/edge-test/echo/1.0.0"
	resetID  protocol.ID = "/edge-test/reset/1.0.0"
	sinkID   protocol.ID = "/edge-test/sink/1.0.0"
	sourceID protocol.ID = "/edge-test/source/1.0.0"
	perfID   protocol.ID = "/perf/1.0.0"

	chunkBytes   = 64 << 10
	patternBytes = 256<<10 - 5 // not a multiple of any frame or window
)

var errNoReset = errors.New("the read after a reset brought no reset")

var buffers = sync.Pool{New: func() any { return new([chunkBytes]byte) }}

// pattern is what streams carry: pseudo-random, made once, entered at a different place each.
var pattern = sync.OnceValue(func() []byte {
	data := make([]byte, patternBytes)
	generator := rand.NewChaCha8([32]byte{1})
	generator.Read(data)
	return data
})

// --- what we serve

func setHandlers(h host.Host, withPerf bool) {
	serve := func(id protocol.ID, handle func(network.Stream) error) {
		h.SetStreamHandler(id, func(s network.Stream) {
			if handle(s) != nil {
				s.Reset()
				return
			}
			s.Close()
		})
	}
	serve(echoID, func(s network.Stream) error {
		buffer := buffers.Get().(*[chunkBytes]byte)
		defer buffers.Put(buffer)
		_, err := io.CopyBuffer(s, s, buffer[:])
		return err
	})
	serve(resetID, func(s network.Stream) error {
		_, err := io.ReadFull(s, make([]byte, 1))
		return errors.Join(err, s.Reset())
	})
	serve(sinkID, func(s network.Stream) error {
		count, err := drain(s)
		if err != nil {
			return err
		}
		return writeCount(s, count)
	})
	serve(sourceID, func(s network.Stream) error {
		count, err := readCount(s)
		if err != nil {
			return err
		}
		return pour(s, count)
	})
	if withPerf {
		serve(perfID, func(s network.Stream) error {
			count, err := readCount(s)
			if err != nil {
				return err
			}
			if _, err = drain(s); err != nil {
				return err
			}
			return pour(s, count)
		})
	}
}

// --- what we ask of others

func echo(ctx context.Context, h host.Host, id peer.ID, count uint64, streams int) (object, error) {
	started := time.Now()
	err := inParallel(streams, streams, func(worker int) error {
		return echoOnce(ctx, h, id, count, worker*4099)
	})
	total := count * uint64(streams)
	return object{"bytes": total, "ms": milliseconds(time.Since(started))}, err
}

func echoOnce(ctx context.Context, h host.Host, id peer.ID, count uint64, start int) error {
	s, err := h.NewStream(ctx, id, echoID)
	if err != nil {
		return err
	}
	defer s.Reset() // does nothing to a stream that ended well
	written := make(chan error, 1)
	go func() { written <- pourPattern(s, count, start) }()
	if err := compare(s, count, start); err != nil {
		return err
	}
	return <-written
}

func pourPattern(s network.Stream, count uint64, start int) error {
	for data := pattern(); count > 0; {
		chunk := slice(data, start, count)
		if _, err := s.Write(chunk); err != nil {
			return err
		}
		start, count = start+len(chunk), count-uint64(len(chunk))
	}
	return s.CloseWrite()
}

func compare(s network.Stream, count uint64, start int) error {
	buffer := buffers.Get().(*[chunkBytes]byte)
	defer buffers.Put(buffer)
	var seen uint64
	for data := pattern(); ; {
		size, err := s.Read(buffer[:])
		for got := buffer[:size]; len(got) > 0; {
			expected := slice(data, start, uint64(len(got)))
			if !bytes.Equal(expected, got[:len(expected)]) {
				return fmt.Errorf("the echo differs after byte %d", seen)
			}
			got, start, seen = got[len(expected):], start+len(expected), seen+uint64(len(expected))
		}
		if err == io.EOF && seen != count {
			return fmt.Errorf("echoed %d bytes of %d", seen, count)
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// slice is what the endless repeated pattern holds at `start`: at most a chunk, at most `count`.
func slice(data []byte, start int, count uint64) []byte {
	start %= len(data)
	size := min(uint64(len(data)-start), count, chunkBytes)
	return data[start : start+int(size)]
}

func expectReset(ctx context.Context, h host.Host, id peer.ID) (object, error) {
	s, err := h.NewStream(ctx, id, resetID)
	if err != nil {
		return nil, err
	}
	defer s.Reset()
	if _, err = s.Write([]byte{1}); err != nil {
		return nil, err
	}
	_, err = s.Read(make([]byte, 1))
	if !errors.Is(err, network.ErrReset) {
		return nil, errors.Join(errNoReset, err)
	}
	return object{"reset": true}, nil
}

func source(ctx context.Context, h host.Host, id peer.ID, count uint64) (object, error) {
	s, err := h.NewStream(ctx, id, sinkID)
	if err != nil {
		return nil, err
	}
	defer s.Reset()
	started := time.Now()
	if err = errors.Join(pour(s, count), s.CloseWrite()); err != nil {
		return nil, err
	}
	seen, err := readCount(s)
	if err == nil && seen != count {
		err = fmt.Errorf("the far side counted %d bytes of %d", seen, count)
	}
	return object{"bytes": seen, "ms": milliseconds(time.Since(started))}, err
}

func sink(ctx context.Context, h host.Host, id peer.ID, count uint64) (object, error) {
	s, err := h.NewStream(ctx, id, sourceID)
	if err != nil {
		return nil, err
	}
	defer s.Reset()
	started := time.Now()
	if err = errors.Join(writeCount(s, count), s.CloseWrite()); err != nil {
		return nil, err
	}
	err = expect(s, count)
	return object{"bytes": count, "ms": milliseconds(time.Since(started))}, err
}

func perf(ctx context.Context, h host.Host, id peer.ID, up, down uint64) (object, error) {
	s, err := h.NewStream(ctx, id, perfID)
	if err != nil {
		return nil, err
	}
	defer s.Reset()
	started := time.Now()
	if err = errors.Join(writeCount(s, down), pour(s, up), s.CloseWrite()); err != nil {
		return nil, err
	}
	uploaded := time.Now()
	err = expect(s, down)
	return object{
		"upload_ms":   milliseconds(uploaded.Sub(started)),
		"download_ms": milliseconds(time.Since(uploaded)),
	}, err
}

// --- bytes in bulk

func pour(s network.Stream, count uint64) error {
	for data := pattern()[:chunkBytes]; count > 0; {
		size, err := s.Write(data[:min(count, chunkBytes)])
		if err != nil {
			return err
		}
		count -= uint64(size)
	}
	return nil
}

func drain(s network.Stream) (uint64, error) {
	buffer := buffers.Get().(*[chunkBytes]byte)
	defer buffers.Put(buffer)
	var count uint64
	for {
		size, err := s.Read(buffer[:])
		count += uint64(size)
		if err == io.EOF {
			return count, nil
		}
		if err != nil {
			return count, err
		}
	}
}

func expect(s network.Stream, count uint64) error {
	seen, err := drain(s)
	if err == nil && seen != count {
		err = fmt.Errorf("received %d bytes of %d", seen, count)
	}
	return err
}

func writeCount(s network.Stream, count uint64) error {
	_, err := s.Write(binary.BigEndian.AppendUint64(nil, count))
	return err
}

func readCount(s network.Stream) (uint64, error) {
	var data [8]byte
	_, err := io.ReadFull(s, data[:])
	return binary.BigEndian.Uint64(data[:]), err
}
