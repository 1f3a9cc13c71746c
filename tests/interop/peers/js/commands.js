// What each command does, except what happens on streams (streams.js).
import { publicKeyToProtobuf } from '@libp2p/crypto/keys'
import { peerIdFromString } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import { createNode } from './node.js'
import { echo, expectReset, perf, sink, source } from './streams.js'

const IDENTIFY_TIMEOUT_MS = 10_000
const OPENERS_MAX = 16 // connections that open_connections has in the making

export class Commands {
  #node
  #privateKey
  #identities
  #extra = [] // nodes that open_connections made

  constructor (node, privateKey) {
    this.#node = node
    this.#privateKey = privateKey
    this.#identities = new Identities(node)
  }

  async stop () {
    await Promise.all([this.#node, ...this.#extra].map(node => node.stop()))
  }

  async execute (command) {
    const { cmd, address, count = 1, concurrency = 1 } = command
    switch (cmd) {
      case 'quit': return {}
      case 'peers': return { peers: this.#node.getPeers().map(String) }
      case 'dial': return dial(this.#node, address)
      case 'churn': return churn(address, count, concurrency)
      case 'open_connections': return this.#openConnections(address, count)
      case 'close_connections': return this.#closeConnections()
      case 'ipns_record': return (await import('./kad.js')).ipnsRecord(this.#privateKey, command)
      case 'find_peer': case 'closest': case 'provide': case 'find_providers':
      case 'put_value': case 'get_value': case 'table':
        return (await import('./kad.js')).executeKad(this.#node, command)
      case 'hold': case 'fetch':
        return (await import('./fetch.js')).executeFetch(this.#node, command)
    }
    return this.#executeWith(command, peerIdFromString(command.peer_id))
  }

  async #executeWith (command, peerId) {
    if (command.cmd === 'close_peer') {
      await this.#node.hangUp(peerId)
      return {}
    }
    const { cmd, bytes = 0, streams = 1, upload = 0, download = 0, count = 1 } = command
    const [connection] = this.#node.getConnections(peerId)
    if (connection == null) throw new Error(`cannot ${cmd}: not connected to ${peerId}`)
    switch (cmd) {
      case 'identify': return this.#identify(connection)
      case 'ping': return { rtt_ms: await pingTimes(this.#node, peerId, count) }
      case 'echo': return echo(connection, bytes, streams)
      case 'reset': return expectReset(connection)
      case 'perf': return perf(connection, upload, download)
      case 'source': return source(connection, bytes)
      case 'sink': return sink(connection, bytes)
    }
    throw new Error(`unknown command "${cmd}"`)
  }

  async #identify (connection) {
    const said = await this.#identities.wait(connection)
    const stored = await this.#node.peerStore.get(connection.remotePeer)
    return {
      protocols: stored.protocols.toSorted(), // identify push updates these as well
      listen_addrs: said.listenAddrs.map(String),
      observed_addr: said.observedAddr?.toString() ?? null,
      agent_version: said.agentVersion ?? '',
      protocol_version: said.protocolVersion ?? '',
      public_key: hex(stored.id.publicKey && publicKeyToProtobuf(stored.id.publicKey)),
      signed_peer_record: hex(stored.peerRecordEnvelope)
    }
  }

  async #openConnections (address, count) {
    await inParallel(count, OPENERS_MAX, async () => {
      const node = await createNode()
      await node.start()
      this.#extra.push(node)
      const identities = new Identities(node)
      await identities.wait(await node.dial(multiaddr(address)))
    })
    return { count }
  }

  async #closeConnections () {
    const nodes = this.#extra
    this.#extra = []
    await Promise.all(nodes.map(node => node.stop()))
    return { count: nodes.length }
  }
}

async function dial (node, address) {
  const connection = await node.dial(multiaddr(address))
  return { peer_id: connection.remotePeer.toString() }
}

// The library's own ping counts whole milliseconds, from after the stream is open; this counts
// what a caller waits, the opening of the stream included.
async function pingTimes (node, peerId, count) {
  const times = []
  for (let i = 0; i < count; i++) {
    const started = performance.now()
    await node.services.ping.ping(peerId)
    times.push(performance.now() - started)
  }
  return times
}

// A node has one connection to a peer, so there are as many nodes as connections at a time.
async function churn (address, count, concurrency) {
  const nodes = []
  for (let i = 0; i < concurrency; i++) {
    const node = await createNode()
    await node.start()
    nodes.push({ node, identities: new Identities(node) })
  }
  const started = performance.now()
  try {
    await inParallel(count, concurrency, async worker => {
      const { node, identities } = nodes[worker]
      const connection = await node.dial(multiaddr(address))
      await identities.wait(connection)
      await node.services.ping.ping(connection.remotePeer)
      await connection.close()
    })
    return { count, ms: performance.now() - started }
  } finally {
    await Promise.all(nodes.map(({ node }) => node.stop()))
  }
}

async function inParallel (count, workers, work) {
  let left = count
  await Promise.all(Array.from({ length: workers }, async (_, worker) => {
    while (left-- > 0) await work(worker)
  }))
}

function hex (data) {
  return data == null ? null : Buffer.from(data).toString('hex')
}

// The last identify answer on each open connection.
class Identities {
  #known = new Map()
  #waiting = new Map()

  constructor (node) {
    node.addEventListener('peer:identify', ({ detail }) => {
      const { id } = detail.connection
      const given = Object.entries(detail).filter(([, value]) => value != null)
      this.#known.set(id, { ...this.#known.get(id), ...Object.fromEntries(given) })
      this.#waiting.get(id)?.resolve()
      this.#waiting.delete(id)
    })
    node.addEventListener('connection:close', ({ detail }) => {
      this.#known.delete(detail.id)
      this.#waiting.get(detail.id)?.reject(new Error('closed before identify was done'))
      this.#waiting.delete(detail.id)
    })
  }

  async wait ({ id }) {
    if (!this.#known.has(id)) {
      const waiting = this.#waiting.get(id) ?? Promise.withResolvers()
      this.#waiting.set(id, waiting)
      const timer = setTimeout(
        () => waiting.reject(new Error('identify did not complete')), IDENTIFY_TIMEOUT_MS)
      await waiting.promise.finally(() => clearTimeout(timer))
    }
    return this.#known.get(id)
  }
}
