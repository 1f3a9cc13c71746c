// A js-libp2p peer that a test starts and drives: JSON lines in, JSON lines out (see ../README.md).
import { writeSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import { Commands } from './commands.js'
import { agent, createNode, identity } from './node.js'
import { serveStreams } from './streams.js'

const { values: options } = parseArgs({
  options: {
    fetch: { type: 'boolean', default: false },
    kad: { type: 'string' },
    'kad-client': { type: 'string' },
    listen: { type: 'string', multiple: true, default: [] },
    mdns: { type: 'boolean', default: false },
    perf: { type: 'boolean', default: false },
    quiet: { type: 'boolean', default: false },
    seed: { type: 'string' }
  }
})

// Each line is written whole before the next begins; a pipe that is full makes us wait.
function write (value) {
  const line = Buffer.from(JSON.stringify(value) + '\n')
  for (let offset = 0; offset < line.length;) {
    try {
      offset += writeSync(1, line, offset)
    } catch (error) {
      if (error.code !== 'EAGAIN') throw error
    }
  }
}

let early = [] // events from before we were ready; then null

function event (name, peerId, more = {}) {
  if (options.quiet) return
  const value = { event: name, peer_id: peerId.toString(), ...more }
  if (early != null) early.push(value)
  else write(value)
}

async function answer (commands, line) {
  let id = null
  try {
    const command = JSON.parse(line)
    id = command.id
    const result = await commands.execute(command)
    write({ id, ok: true, ...result })
    if (command.cmd === 'quit') await leave(commands)
  } catch (error) {
    write({ id, ok: false, error: describe(error) })
  }
}

function describe (error) {
  const causes = error?.errors?.map(describe).join('; ')
  return [error?.name, error?.message, causes].filter(Boolean).join(': ')
}

async function leave (commands) {
  await Promise.race([commands.stop(), new Promise(resolve => setTimeout(resolve, 5000))])
  process.exit(0)
}

process.on('unhandledRejection', error => console.error('unhandled rejection:', error))

const privateKey = await identity(options.seed)
const node = await createNode({ ...options, privateKey, kadClient: options['kad-client'] })
const commands = new Commands(node, privateKey)
await serveStreams(node, options.perf)
if (options.fetch) (await import('./fetch.js')).serveFetch(node)
node.addEventListener('peer:connect', ({ detail }) => event('connected', detail))
node.addEventListener('peer:disconnect', ({ detail }) => event('disconnected', detail))
node.addEventListener('peer:discovery', ({ detail }) => {
  const addresses = detail.multiaddrs.map(address => `${address}/p2p/${detail.id}`)
  event('discovered', detail.id, { addresses })
})
await node.start()
write({
  event: 'ready',
  peer_id: node.peerId.toString(),
  addresses: node.getMultiaddrs().map(String),
  agent,
  pid: process.pid
})
early.forEach(write)
early = null

const lines = createInterface({ input: process.stdin, crlfDelay: Infinity })
lines.on('line', line => { answer(commands, line) })
lines.on('close', () => { leave(commands) })
