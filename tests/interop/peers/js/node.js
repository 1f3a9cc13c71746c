// What the node is made of: TCP, Noise, yamux, identify, ping; mDNS, fetch and the DHT if asked.
import { generateKeyPair, generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import { identify, identifyPush } from '@libp2p/identify'
import { mdns } from '@libp2p/mdns'
import { noise } from '@libp2p/noise'
import { ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { createLibp2p } from 'libp2p'
import { version } from 'libp2p/version'

export const agent = `js-libp2p/${version}`

const SEED_BYTES = 32

// The defaults let one address make 5 connections a second, 10 be in the making and 300 be open:
// sensible for the open Internet, but here one machine plays many.
const unlimited = {
  maxConnections: 100_000,
  maxParallelDials: 1000,
  maxDialQueueLength: 100_000,
  maxIncomingPendingConnections: 100_000,
  inboundConnectionThreshold: 1_000_000
}

// Every ten seconds the node pings each connection by itself.  With the default limit of one stream
// whichever of our ping and its own comes second fails, and if that is its own, so does the connection.
const pings = { maxOutboundStreams: 2 }

// A node that is not started yet.
export async function createNode ({ listen = [], mdns: withMdns = false, fetch = false, privateKey, kad, kadClient } = {}) {
  return createLibp2p({
    start: false,
    privateKey: privateKey ?? await identity(),
    nodeInfo: { userAgent: agent },
    addresses: { listen },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionManager: unlimited,
    peerDiscovery: withMdns ? [mdns()] : [],
    services: {
      identify: identify(),
      identifyPush: identifyPush(),
      ping: ping(pings),
      ...await services(kad ?? kadClient, kad == null, fetch)
    }
  })
}

async function services (protocol, clientMode, withFetch) {
  const asked = {}
  if (protocol != null) asked.kad = (await import('./kad.js')).createKad(protocol, clientMode)
  if (withFetch) asked.fetch = (await import('./fetch.js')).createFetch()
  return asked
}

export function identity (seed) {
  if (seed == null) return generateKeyPair('Ed25519')
  const raw = Buffer.from(seed, 'hex')
  if (raw.length !== SEED_BYTES) throw new Error(`--seed takes ${SEED_BYTES} bytes in hex`)
  return generateKeyPairFromSeed('Ed25519', raw)
}
