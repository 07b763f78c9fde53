import type { Server } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'

const LOOK_MS = 10

/** Waits until no connection is open, but no longer than so many milliseconds. */
export async function untilNobodyIsConnected(server: Server, mostMs: number): Promise<void> {
  const deadline = performance.now() + mostMs
  while (server.listening && performance.now() < deadline && (await connectionsOf(server)) > 0) await delay(LOOK_MS)
}

function connectionsOf(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.getConnections((error, count) => (error === null ? resolve(count) : reject(error)))
  })
}
