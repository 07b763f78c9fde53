import { createInterface } from 'node:readline'
import { Type } from 'typebox'
import { Value } from 'typebox/value'
import { startHttpLoad } from '../test/support/http-load.js'

/**
 * Loads an address from a process of its own, as the first line of its input tells, until that ends. Then it prints all
 * answers as doubles, four each (as in load.ts), for to write while it loads would keep its own answers waiting; what fails
 * is printed at once.
 */
const Task = Type.Object({
  url: Type.String(),
  path: Type.String(),
  body: Type.String(),
  connections: Type.Integer(),
  perSecond: Type.Optional(Type.Number()),
})
const input = createInterface(process.stdin)
const { perSecond, ...task } = Value.Parse(Task, JSON.parse(await new Promise<string>((resolve) => input.once('line', resolve))))
const FIELDS = 4
const BLOCK = 65_536 * FIELDS

const blocks: Float64Array[] = []
let used = BLOCK
const load = startHttpLoad({
  ...task,
  perSecond,
  onAnswer: ({ due, received, status, body }) => {
    if (status !== 200 && status !== 429) process.stderr.write(`${status} ${body.slice(0, 200)}\n`)
    if (used === BLOCK) {
      blocks.push(new Float64Array(BLOCK))
      used = 0
    }
    const version = status === 200 ? Number(/"version":(\d+)/.exec(body)?.[1] ?? 0) : 0
    blocks.at(-1)?.set([performance.timeOrigin + due, received - due, status, version], used)
    used += FIELDS
  },
})
input.once('close', () => {
  void load.stop().then(() => {
    for (const [index, block] of blocks.entries()) process.stdout.write(Buffer.from(block.buffer, 0, (index === blocks.length - 1 ? used : BLOCK) * Float64Array.BYTES_PER_ELEMENT))
    process.stdout.end(() => process.exit(0))
  })
})
