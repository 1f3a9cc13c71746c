// The test protocols, both sides.  Streams of js-libp2p 3 are event emitters: 'message' brings
// data, 'end' says that no more will come, send() answers false when one should wait for 'drain'.
import { randomBytes } from 'node:crypto'

const ECHO = '/edge-test/echo/1.0.0'
const RESET = '/edge-test/reset/1.0.0'
const SINK = '/edge-test/sink/1.0.0'
const SOURCE = '/edge-test/source/1.0.0'
const PERF = '/perf/1.0.0'

const CHUNK_BYTES = 64 * 1024
const COUNT_BYTES = 8
const PATTERN_BYTES = 256 * 1024 - 5 // not a multiple of any frame or window
const UNLIMITED = { maxInboundStreams: 100_000, maxOutboundStreams: 100_000 }

// What streams carry: random, made once, entered at a different place each.
let patternMade
function pattern () {
  patternMade ??= randomBytes(PATTERN_BYTES)
  return patternMade
}

// --- what we serve

export async function serveStreams (node, withPerf) {
  const handlers = { [ECHO]: serveEcho, [RESET]: serveReset, [SINK]: serveSink, [SOURCE]: serveSource }
  if (withPerf) handlers[PERF] = servePerf
  for (const [protocol, serve] of Object.entries(handlers)) {
    await node.handle(protocol, (stream) => {
      serve(stream).catch(error => stream.abort(error))
    }, UNLIMITED)
  }
}

async function serveEcho (stream) {
  await receive(stream, data => {
    if (stream.send(data)) return
    stream.pause()
    drained(stream).then(() => {
      if (stream.readStatus === 'paused') stream.resume()
    }, () => {})
  })
  await stream.close()
}

async function serveReset (stream) {
  stream.addEventListener('message', () => stream.abort(new Error('reset as asked')))
}

async function serveSink (stream) {
  let count = 0
  await receive(stream, data => { count += data.byteLength })
  stream.send(encodeCount(count))
  await stream.close()
}

async function serveSource (stream) {
  await pour(stream, await receiveCount(stream))
  await stream.close()
}

async function servePerf (stream) {
  const head = []
  await receive(stream, keepHead(head))
  if (head.length < COUNT_BYTES) throw new Error(`a count of ${head.length} bytes`)
  await pour(stream, decodeCount(head))
  await stream.close()
}

// --- what we ask of others

export async function echo (connection, bytes, streams) {
  const started = performance.now()
  await Promise.all(Array.from({ length: streams }, async (_, i) => {
    const stream = await open(connection, ECHO)
    const start = i * 4099
    await finish(stream, [compare(stream, bytes, start), pourPattern(stream, bytes, start)])
  }))
  return { bytes: bytes * streams, ms: performance.now() - started }
}

export async function expectReset (connection) {
  const stream = await open(connection, RESET)
  const ended = receive(stream, () => {})
  stream.send(new Uint8Array([1]))
  try {
    await ended
  } catch (error) {
    if (error.name === 'StreamResetError') return { reset: true }
    throw error
  }
  throw new Error('the stream ended without a reset')
}

export async function source (connection, bytes) {
  const stream = await open(connection, SINK)
  const started = performance.now()
  const counted = receiveCount(stream)
  await finish(stream, [counted, pour(stream, bytes).then(() => stream.close())])
  const seen = await counted
  if (seen !== bytes) throw new Error(`the far side counted ${seen} bytes of ${bytes}`)
  return { bytes: seen, ms: performance.now() - started }
}

export async function sink (connection, bytes) {
  const stream = await open(connection, SOURCE)
  const started = performance.now()
  const received = expect(stream, bytes)
  stream.send(encodeCount(bytes))
  await finish(stream, [received, stream.close()])
  return { bytes, ms: performance.now() - started }
}

export async function perf (connection, upload, download) {
  const stream = await open(connection, PERF)
  const started = performance.now()
  const received = expect(stream, download)
  stream.send(encodeCount(download))
  let uploaded
  const sent = pour(stream, upload).then(() => stream.close()).then(() => {
    uploaded = performance.now()
  })
  await finish(stream, [received, sent])
  return { upload_ms: uploaded - started, download_ms: performance.now() - uploaded }
}

async function open (connection, protocol) {
  return connection.newStream(protocol, UNLIMITED)
}

// Both directions done, or the stream aborted.
async function finish (stream, directions) {
  try {
    await Promise.all(directions)
  } catch (error) {
    stream.abort(error)
    throw error
  }
}

// --- bytes in bulk

// Hands every piece of data to `take` as it comes; done when no more will come.
function receive (stream, take) {
  return new Promise((resolve, reject) => {
    const fail = error => {
      reject(error)
      stream.abort(error)
    }
    stream.addEventListener('end', () => {
      // A reset ends the readable end as well; 'close' follows at once and says which it was.
      if (stream.status !== 'reset' && stream.status !== 'aborted') resolve()
    })
    stream.addEventListener('close', ({ error }) => {
      if (error != null) reject(error)
      else if (stream.readBufferLength === 0) resolve()
    })
    stream.addEventListener('message', ({ data }) => {
      try {
        take(data)
      } catch (error) {
        fail(error)
      }
    })
    if (stream.readableEnded || (stream.status !== 'open' && stream.readBufferLength === 0)) resolve()
  })
}

// Resolves when send() may be called again.  (The stream's own onDrain() answers at once from the
// second time on.)
function drained (stream) {
  if (!stream.writableNeedsDrain) return Promise.resolve()
  return new Promise((resolve, reject) => {
    const done = () => { forget(); resolve() }
    const closed = ({ error }) => { forget(); reject(error ?? new Error('closed while writing')) }
    const forget = () => {
      stream.removeEventListener('drain', done)
      stream.removeEventListener('close', closed)
    }
    stream.addEventListener('drain', done)
    stream.addEventListener('close', closed)
  })
}

async function pour (stream, count) {
  const chunk = pattern().subarray(0, CHUNK_BYTES)
  while (count > 0) {
    const size = Math.min(count, CHUNK_BYTES)
    count -= size
    if (!stream.send(size === CHUNK_BYTES ? chunk : chunk.subarray(0, size))) await drained(stream)
  }
}

async function pourPattern (stream, count, start) {
  while (count > 0) {
    const data = slice(start, Math.min(count, CHUNK_BYTES))
    start += data.byteLength
    count -= data.byteLength
    if (!stream.send(data)) await drained(stream)
  }
  await stream.close()
}

async function compare (stream, count, start) {
  let seen = 0
  await receive(stream, data => {
    const piece = data.subarray() // one array, copied only if it came in several
    for (let offset = 0; offset < piece.byteLength;) {
      const expected = slice(start + seen, piece.byteLength - offset)
      if (expected.compare(piece, offset, offset + expected.byteLength) !== 0) {
        throw new Error(`the echo differs after byte ${seen}`)
      }
      offset += expected.byteLength
      seen += expected.byteLength
    }
  })
  if (seen !== count) throw new Error(`echoed ${seen} bytes of ${count}`)
}

// What the endless repeated pattern holds at `start`: at most `limit` bytes.
function slice (start, limit) {
  const data = pattern()
  start %= data.byteLength
  return data.subarray(start, Math.min(start + limit, data.byteLength))
}

async function expect (stream, count) {
  let seen = 0
  await receive(stream, data => { seen += data.byteLength })
  if (seen !== count) throw new Error(`received ${seen} bytes of ${count}`)
}

// The count that a stream begins with, as soon as it is there.
function receiveCount (stream) {
  const head = []
  const keep = keepHead(head)
  return new Promise((resolve, reject) => {
    const ended = receive(stream, data => {
      keep(data)
      if (head.length === COUNT_BYTES) resolve(decodeCount(head))
    })
    ended.then(() => reject(new Error(`a count of ${head.length} bytes`)), reject)
  })
}

function keepHead (head) {
  return data => {
    if (head.length < COUNT_BYTES) head.push(...data.subarray(0, COUNT_BYTES - head.length))
  }
}

function encodeCount (count) {
  const data = Buffer.alloc(COUNT_BYTES)
  data.writeBigUInt64BE(BigInt(count))
  return data
}

function decodeCount (head) {
  return Number(Buffer.from(head).readBigUInt64BE())
}
