// Fetch: loaded only by a node that was started with --fetch.  What it holds begins with PREFIX.
import { fetch } from '@libp2p/fetch'
import { peerIdFromString } from '@libp2p/peer-id'

const PREFIX = '/edge-test/'

export function createFetch () {
  return fetch()
}

const held = new Map() // by key in hex

export function serveFetch (node) {
  node.services.fetch.registerLookupFunction(PREFIX, async key => held.get(hex(key)))
}

export async function executeFetch (node, { cmd, peer_id: peerId, key, value, times = 1 }) {
  if (node.services.fetch == null) throw new Error('started without --fetch')
  if (cmd === 'hold') {
    held.set(key, bytes(value.repeat(times)))
    return {}
  }
  const found = await node.services.fetch.fetch(peerIdFromString(peerId), bytes(key))
  return { value: found == null ? null : hex(found) }
}

function bytes (text) {
  return new Uint8Array(Buffer.from(text, 'hex'))
}

function hex (data) {
  return Buffer.from(data).toString('hex')
}
