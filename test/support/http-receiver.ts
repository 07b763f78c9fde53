import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'

/** A request as it arrived. */
export interface ReceivedRequest {
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** A real HTTP server that keeps what is posted to it. */
export interface HttpReceiver {
  readonly url: string
  readonly requests: readonly ReceivedRequest[]
  /** What it answers from now on; 204 at first. */
  answer(with_: (response: ServerResponse, received: ReceivedRequest) => void): void
  /** Stops listening, as a receiver that is down; `start` listens on the same port again. */
  stop(): Promise<void>
  start(): Promise<void>
}

export async function startHttpReceiver(): Promise<HttpReceiver> {
  const requests: ReceivedRequest[] = []
  let answering = (response: ServerResponse, _received: ReceivedRequest): void => {
    response.writeHead(204).end()
  }
  let port = 0
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      const received = { headers: request.headers, body }
      requests.push(received)
      answering(response, received)
    })
  })
  const start = async (): Promise<void> => {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(port, '127.0.0.1', resolve)
    })
    const address = server.address()
    if (typeof address === 'object' && address !== null) port = address.port
  }
  await start()
  return {
    url: `http://127.0.0.1:${port}/hooks/T0001?key=a-key`,
    requests,
    answer: (with_) => {
      answering = with_
    },
    start,
    stop: async () => {
      if (!server.listening) return
      await new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      })
    },
  }
}
