import { setTimeout as delay } from 'node:timers/promises'
import { Client, escapeIdentifier } from 'pg'

const RECONNECT_MS = 500

/**
 * Calls `hint` at every notification on one of the channels, and once after each (re)connection, for something may
 * have been missed. Notifications are hints only: whoever relies on them polls as well.
 */
export function listen(url: string, channels: readonly string[], hint: (channel: string, payload: string) => void): { stop(): Promise<void> } {
  const stopped = new AbortController()
  let current: Client | undefined
  const listenOnce = async (): Promise<void> => {
    const client = new Client({ connectionString: url, application_name: 'refit-listen' })
    const broken = new Promise<void>((resolve) => {
      client.once('error', () => resolve())
      client.once('end', () => resolve())
    })
    client.on('error', () => undefined)
    client.on('notification', ({ channel, payload }) => hint(channel, payload ?? ''))
    await client.connect()
    current = client
    try {
      for (const channel of channels) await client.query(`listen ${escapeIdentifier(channel)}`)
      for (const channel of channels) hint(channel, '')
      if (!stopped.signal.aborted) await broken
    } finally {
      await client.end().catch(() => undefined)
    }
  }
  const loop = async (): Promise<void> => {
    while (!stopped.signal.aborted) {
      await listenOnce().catch(() => undefined)
      await delay(RECONNECT_MS, undefined, { signal: stopped.signal }).catch(() => undefined)
    }
  }
  const done = loop()
  return {
    stop: async () => {
      stopped.abort()
      await current?.end().catch(() => undefined)
      await done
    },
  }
}
