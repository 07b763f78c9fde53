import { open } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { getRun, stagesOf } from '../runs/queries.js'
import type { ApiParts } from './parts.js'
import { endWithConnection } from './streams.js'

const FOLLOW_POLL_MS = 300
const CHUNK_BYTES = 64 * 1024

interface Selection {
  readonly stage?: string | undefined
  readonly follow?: boolean | undefined
}

/** What the processes of a run wrote. */
export function logRoutes(parts: ApiParts): FastifyPluginCallbackTypebox {
  return (app, _options, done) => {
    const closing = new AbortController()
    app.addHook('preClose', (closed) => {
      closing.abort()
      closed()
    })
    app.get(
      '/runs/:id/log',
      {
        exposeHeadRoute: false,
        config: { role: 'viewer' },
        schema: {
          operationId: 'getRunLog',
          tags: ['runs'],
          summary: 'What the processes of a run wrote, attempt by attempt',
          description: 'Plain text; a line `=== <stage>, attempt <n> ===` stands before each. With `follow` it goes on until the run ends.',
          produces: ['text/plain'],
          params: Type.Object({ id: Type.String() }),
          querystring: Type.Object(
            { stage: Type.Optional(Type.String({ description: 'Only this stage' })), follow: Type.Optional(Type.Boolean()) },
            { additionalProperties: false },
          ),
        },
      },
      async (request, reply) => {
        await getRun(parts.database, request.params.id)
        const signal = endWithConnection(request, closing.signal)
        const text = Readable.from(readLogs(parts, request.params.id, request.query, signal), { objectMode: false, highWaterMark: CHUNK_BYTES })
        return reply.type('text/plain; charset=utf-8').send(text)
      },
    )
    done()
  }
}

/** Each attempt's log from its beginning to its end; a file that grows is read on while the run goes on. */
async function* readLogs({ database, attemptLog }: ApiParts, id: string, { stage, follow }: Selection, signal: AbortSignal): AsyncGenerator<Buffer> {
  const positions = new Map<string, number>()
  for (;;) {
    // Asked before reading: what was written before the end is read after it.
    const { state } = await getRun(database, id)
    const { attempts } = await stagesOf(database, id)
    for (const attempt of attempts) {
      if (stage !== undefined && attempt.stage !== stage) continue
      const path = attemptLog(id, attempt.stage, attempt.number)
      const known = positions.get(path)
      let position = known ?? 0
      for await (const chunk of readFrom(path, position)) {
        if (position === 0) yield Buffer.from(`=== ${attempt.stage}, attempt ${attempt.number} ===\n`)
        position += chunk.length
        yield chunk
      }
      positions.set(path, position)
    }
    if (follow !== true || state === 'ended' || signal.aborted) return
    await delay(FOLLOW_POLL_MS, undefined, { signal }).catch(() => undefined)
  }
}

async function* readFrom(path: string, start: number): AsyncGenerator<Buffer> {
  let file
  try {
    file = await open(path, 'r')
  } catch (error) {
    // A stage that starts no process leaves no log.
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return
    throw error
  }
  try {
    for (let position = start; ; ) {
      const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(CHUNK_BYTES), 0, CHUNK_BYTES, position)
      if (bytesRead === 0) return
      position += bytesRead
      yield buffer.subarray(0, bytesRead)
    }
  } finally {
    await file.close()
  }
}
