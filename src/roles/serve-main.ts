import { join } from 'node:path'
import { Value } from 'typebox/value'
import { systemClock } from '../clock.js'
import { parseTokens } from '../http/access.js'
import { fileLog } from '../telemetry/log.js'
import { ServingSettings, startServing } from './serve.js'
import { removeProcessNote, writeProcessNote } from './state.js'

/** The serving process: settings in REFIT_SERVING, tokens in REFIT_TOKENS. Ends at SIGTERM, when its requests have. */
async function main(): Promise<void> {
  const settings = Value.Parse(ServingSettings, JSON.parse(process.env['REFIT_SERVING'] ?? ''))
  const log = fileLog(join(settings.stateFolder, 'logs', 'serving.log'), 'serving')
  process.on('uncaughtException', (error) => {
    log.fatal({ err: error }, 'serving ends by a bug')
    process.exit(1)
  })
  const serving = await startServing(settings, parseTokens(process.env['REFIT_TOKENS'] ?? ''), systemClock, log).catch((error: unknown) => {
    log.fatal({ err: error }, error instanceof Error ? error.message : String(error))
    process.exit(1)
  })
  await writeProcessNote(settings.stateFolder, 'serving', serving.url)
  log.info(`serving at ${serving.url}`)
  const end = (): void => {
    void serving
      .stop()
      .then(() => removeProcessNote(settings.stateFolder, 'serving'))
      .then(() => process.exit(0))
  }
  process.once('SIGTERM', end)
  process.once('SIGINT', end)
}

void main()
