// The Kademlia DHT: loaded only by a node that was started with --kad or --kad-client.
import { kadDHT, removePublicAddressesMapper } from '@libp2p/kad-dht'
import { peerIdFromString } from '@libp2p/peer-id'
import { createIPNSRecord, marshalIPNSRecord, multihashToIPNSRoutingKey } from 'ipns'
import { ipnsSelector } from 'ipns/selector'
import { ipnsValidator } from 'ipns/validator'
import { CID } from 'multiformats/cid'
import * as raw from 'multiformats/codecs/raw'
import * as Digest from 'multiformats/hashes/digest'

// The service as helia sets up the one of its LAN.  Validators for /pk are its own.
export function createKad (protocol, clientMode) {
  return kadDHT({
    protocol,
    clientMode,
    peerInfoMapper: removePublicAddressesMapper,
    validators: { ipns: ipnsValidator },
    selectors: { ipns: ipnsSelector }
  })
}

export async function executeKad (node, { cmd, peer_id: peerId, key, value, count = 1 }) {
  const { kad } = node.services
  if (kad == null) throw new Error('started without --kad')
  switch (cmd) {
    case 'find_peer': return findPeer(kad, peerIdFromString(peerId))
    case 'closest': return { peers: await closest(kad, bytes(key)) }
    case 'provide': return provide(kad, content(key))
    case 'find_providers': return { peers: await findProviders(kad, content(key), count) }
    case 'put_value': return putValue(kad, bytes(key), bytes(value))
    case 'get_value': return { value: await getValue(kad, bytes(key)) }
    case 'table': {
      const others = Array.from(kad.routingTable.kb.toIterable(), ({ peerId }) => String(peerId))
      return { peers: others.filter(other => other !== String(node.peerId)) } // itself is in it too
    }
  }
}

async function findPeer (kad, wanted) {
  for await (const event of kad.findPeer(wanted)) {
    if (event.name !== 'FINAL_PEER') continue
    return { addresses: event.peer.multiaddrs.map(address => withPeerId(address, wanted)) }
  }
}

async function closest (kad, key) {
  const found = []
  for await (const event of kad.getClosestPeers(key)) {
    if (event.name === 'FINAL_PEER') found.push(String(event.peer.id))
  }
  return found
}

async function provide (kad, cid) {
  let told = 0
  for await (const event of kad.provide(cid)) {
    if (event.name === 'PEER_RESPONSE' && event.messageName === 'ADD_PROVIDER') told++
  }
  if (told === 0) throw new Error('there was nobody to tell')
  return {}
}

async function findProviders (kad, cid, count) {
  const found = []
  for await (const event of kad.findProviders(cid)) {
    if (event.name !== 'PROVIDER') continue
    found.push(...event.providers.map(({ id }) => String(id)))
    if (found.length >= count) break
  }
  return found.slice(0, count)
}

async function putValue (kad, key, value) {
  let told = 0
  for await (const event of kad.put(key, value)) {
    if (event.name === 'PEER_RESPONSE' && event.messageName === 'PUT_VALUE') told++
    if (event.name === 'QUERY_ERROR' && event.error.message === 'Value not put correctly') told--
  }
  if (told === 0) throw new Error('nobody took the value')
  return {}
}

async function getValue (kad, key) {
  let found
  for await (const event of kad.get(key)) {
    if (event.name === 'VALUE') found = event.value // the last one is the best
  }
  if (found == null) throw new Error('the value was not found')
  return hex(found)
}

// Points the name of our own key somewhere.
export async function ipnsRecord (privateKey, { value, lifetime_s: lifetime, sequence = 0 }) {
  const record = await createIPNSRecord(privateKey, value, sequence, lifetime * 1000)
  const key = multihashToIPNSRoutingKey(privateKey.publicKey.toMultihash())
  return { key: hex(key), record: hex(marshalIPNSRecord(record)) }
}

function withPeerId (address, id) {
  const text = String(address)
  return text.endsWith(`/p2p/${id}`) ? text : `${text}/p2p/${id}`
}

function content (key) {
  return CID.createV1(raw.code, Digest.decode(bytes(key)))
}

function bytes (text) {
  return new Uint8Array(Buffer.from(text, 'hex'))
}

function hex (data) {
  return Buffer.from(data).toString('hex')
}
