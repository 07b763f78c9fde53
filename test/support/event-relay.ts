import { createServer, type IncomingMessage } from 'node:http'
import { buffer } from 'node:stream/consumers'

/** What stands between a server of S3 and Refit: it delivers each event several times and out of order. */
export interface EventRelay {
  /** Where events are posted. */
  readonly url: string
  /** Where they are passed on to; undefined: nowhere, they are lost. */
  target: string | undefined
  /** Statuses of all answers to what was passed on. */
  readonly statuses: readonly number[]
  stop(): Promise<void>
}

/** @param times how often each event is passed on; the later ones after those that came meanwhile */
export async function startEventRelay(times: number): Promise<EventRelay> {
  const statuses: number[] = []
  const passing = new Set<Promise<void>>()
  const former: { readonly headers: IncomingMessage['headers']; readonly body: Buffer; left: number }[] = []
  const post = async (headers: IncomingMessage['headers'], body: Buffer): Promise<void> => {
    if (relay.target === undefined) return
    const { authorization = '', 'content-type': type = 'application/json' } = headers
    const answer = await fetch(relay.target, { method: 'POST', headers: { authorization, 'content-type': type }, body: new Uint8Array(body) }).catch(() => undefined)
    await answer?.body?.cancel()
    if (answer !== undefined) statuses.push(answer.status)
  }
  const pass = (headers: IncomingMessage['headers'], body: Buffer): void => {
    const passed = post(headers, body).finally(() => passing.delete(passed))
    passing.add(passed)
  }
  const server = createServer((request, response) => {
    void buffer(request).then((body) => {
      response.end()
      pass(request.headers, body)
      for (const event of former) {
        if (event.left === 0) continue
        event.left -= 1
        pass(event.headers, event.body)
      }
      former.unshift({ headers: request.headers, body, left: times - 1 })
    })
  })
  const port = await new Promise<number>((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      resolve(typeof address === 'object' && address !== null ? address.port : 0)
    })
  })
  const relay: EventRelay = {
    url: `http://127.0.0.1:${port}/`,
    target: undefined,
    statuses,
    stop: async () => {
      server.closeAllConnections()
      await new Promise<void>((resolve) => {
        server.close(() => resolve())
      })
      await Promise.all(passing)
    },
  }
  return relay
}
