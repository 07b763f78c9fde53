import { connect, type Socket } from 'node:net'
import type { TestContext } from 'node:test'

/** One request of a load, and what became of it. Times are of `performance.now`, milliseconds. */
export interface Answered {
  /** When it was due: where all connections are busy, earlier than when it was sent. */
  readonly due: number
  readonly sent: number
  readonly received: number
  /** 0 where there was no answer; `body` then says why. */
  readonly status: number
  readonly body: string
  /** Whether it was asked over a connection that had been answered before. */
  readonly kept: boolean
}

export interface HttpLoadOptions {
  readonly url: string
  readonly path: string
  /** JSON. */
  readonly body: string
  /** Kept connections. */
  readonly connections: number
  /** So many are due a second, whatever becomes of them; without it, each connection asks as soon as it was answered. */
  readonly perSecond?: number | undefined
  readonly onAnswer: (answered: Answered) => void
}

export interface HttpLoad {
  /** Resolves when the last request has been answered. */
  stop(): Promise<void>
}

interface Caller {
  socket: Socket | undefined
  /** Of the request under way. */
  due: number
  sent: number
  received: Buffer[]
  busy: boolean
  kept: boolean
}

const TICK_MS = 1

/**
 * Asks without a pause, or at a steady rate, over connections that are kept. Plain sockets and one prepared request: what
 * drives a server on the same machine should take as little of it as can be.
 */
export function startHttpLoad({ url, path, body, connections, perSecond, onAnswer }: HttpLoadOptions): HttpLoad {
  const { hostname, port, host } = new URL(url)
  const request = Buffer.from(`POST ${path} HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`)
  const callers: Caller[] = Array.from({ length: connections }, () => ({ socket: undefined, due: 0, sent: 0, received: [], busy: false, kept: false }))
  const idle: Caller[] = [...callers]
  const due: number[] = []
  let stopped = false
  let drained: (() => void) | undefined

  const next = (caller: Caller): void => {
    const at = due.shift()
    if (at !== undefined) ask(caller, at)
    else if (perSecond === undefined && !stopped) ask(caller, performance.now())
    else {
      idle.push(caller)
      if (stopped && idle.length === callers.length) drained?.()
    }
  }
  const settle = (caller: Caller, status: number, text: string): void => {
    caller.busy = false
    caller.received = []
    onAnswer({ due: caller.due, sent: caller.sent, received: performance.now(), status, body: text, kept: caller.kept })
    next(caller)
  }
  const open = (caller: Caller): Socket => {
    const socket = connect({ host: hostname, port: Number(port), noDelay: true })
    const lost = (why: string): void => {
      if (caller.socket !== socket) return
      caller.socket = undefined
      if (caller.busy) settle(caller, 0, why)
    }
    socket.on('data', (chunk: Buffer) => {
      caller.received.push(chunk)
      const answer = answerIn(caller.received)
      if (answer === undefined) return
      if (answer.closes) {
        caller.socket = undefined
        socket.destroy()
      }
      settle(caller, answer.status, answer.body)
    })
    socket.once('error', (error) => lost(error.message))
    socket.once('close', () => lost('the connection was closed'))
    return socket
  }
  const ask = (caller: Caller, at: number): void => {
    caller.busy = true
    caller.due = at
    caller.sent = performance.now()
    caller.kept = caller.socket !== undefined
    caller.socket ??= open(caller)
    caller.socket.write(request)
  }

  let timer: NodeJS.Timeout | undefined
  if (perSecond === undefined) for (const caller of idle.splice(0)) next(caller)
  else {
    let nextDue = performance.now()
    timer = setInterval(() => {
      for (const now = performance.now(); nextDue <= now; nextDue += 1000 / perSecond) {
        const caller = idle.pop()
        if (caller === undefined) due.push(nextDue)
        else ask(caller, nextDue)
      }
    }, TICK_MS)
  }
  return {
    stop: async () => {
      stopped = true
      clearInterval(timer)
      if (idle.length < callers.length) await new Promise<void>((resolve) => (drained = resolve))
      for (const { socket } of callers) socket?.destroy()
    },
  }
}

/** The same within a test: it asks for nothing more when that has ended, be it in failure, for its file would go on for ever. */
export function startTestLoad(context: Pick<TestContext, 'after'>, options: HttpLoadOptions): HttpLoad {
  const load = startHttpLoad(options)
  // Not waited for: what is asked may be what has failed.
  context.after(() => void load.stop())
  return load
}

/** A whole answer with a length, if it has arrived. */
function answerIn(received: readonly Buffer[]): { readonly status: number; readonly body: string; readonly closes: boolean } | undefined {
  const bytes = received.length === 1 && received[0] !== undefined ? received[0] : Buffer.concat(received)
  const end = bytes.indexOf('\r\n\r\n')
  if (end === -1) return undefined
  const head = bytes.toString('latin1', 0, end)
  const length = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0)
  if (bytes.length < end + 4 + length) return undefined
  return { status: Number(head.slice(9, 12)), body: bytes.toString('utf8', end + 4, end + 4 + length), closes: /\r\nconnection: *close/i.test(head) }
}
