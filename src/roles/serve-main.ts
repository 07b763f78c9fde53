import { join } from 'node:path'
import type { Logger } from 'pino'
import { Value } from 'typebox/value'
import { systemClock } from '../clock.js'
import { parseTokens } from '../http/access.js'
import { fileLog } from '../telemetry/log.js'
import { starter } from './one-of-many.js'
import { serveMany } from './serve-many.js'
import { startServing, type Others } from './serve.js'
import { ServingSettings } from './serving-settings.js'
import { removeProcessNote, writeProcessNote } from './state.js'

/**
 * The serving process: settings in REFIT_SERVING, tokens in REFIT_TOKENS. Where there are to be several, it starts them
 * from this very file. Ends at SIGTERM, when its requests have.
 */
async function main(): Promise<void> {
  const settings = Value.Parse(ServingSettings, JSON.parse(process.env['REFIT_SERVING'] ?? ''))
  const log = fileLog(join(settings.stateFolder, 'logs', 'serving.log'), settings.number === undefined ? 'serving' : `serving ${settings.number}`)
  process.on('uncaughtException', (error) => {
    log.fatal({ err: error }, 'serving ends by a bug')
    process.exit(1)
  })
  if (settings.number !== undefined) return serveAsOne(settings, log)
  const several = (settings.processes ?? 1) > 1
  // Who fails has said why, as the last word of the log.
  const serving = several ? await serveMany(settings, log).catch(() => process.exit(1)) : await start(settings, log)
  await writeProcessNote(settings.stateFolder, 'serving', serving.url)
  log.info(`serving at ${serving.url}`)
  endAtSignals(async () => {
    await serving.stop()
    await removeProcessNote(settings.stateFolder, 'serving')
  })
}

/** One of several processes. */
async function serveAsOne(settings: ServingSettings, log: Logger): Promise<void> {
  const { answersAt, onDeath, lastMetrics, ...others } = starter()
  const serving = await start(settings, log, others)
  answersAt(serving.url, serving.metrics)
  onDeath(
    endAtSignals(async () => {
      await serving.stop()
      await lastMetrics()
    }),
  )
}

async function start(settings: ServingSettings, log: Logger, others?: Others): ReturnType<typeof startServing> {
  return startServing(settings, parseTokens(process.env['REFIT_TOKENS'] ?? ''), systemClock, log, others).catch((error: unknown) => {
    log.fatal({ err: error }, error instanceof Error ? error.message : String(error))
    process.exit(1)
  })
}

/** Ends the process once, when it is asked to; gives what asks it. */
function endAtSignals(stop: () => Promise<void>): () => void {
  let ending = false
  const end = (): void => {
    if (ending) return
    ending = true
    void stop().then(() => process.exit(0))
  }
  process.on('SIGTERM', end)
  process.on('SIGINT', end)
  return end
}

void main()
