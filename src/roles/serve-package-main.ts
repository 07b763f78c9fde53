import { Value } from 'typebox/value'
import { systemClock } from '../clock.js'
import { RefitError } from '../errors.js'
import { outputLog } from '../telemetry/log.js'
import { PackageServingSettings, startPackageServing } from './serve-package.js'

/** What a container's process does: settings in REFIT_PACKAGE, its log on standard output. Ends at SIGTERM, when its requests have, or with whoever started it. */
async function main(): Promise<void> {
  const settings = Value.Parse(PackageServingSettings, JSON.parse(process.env['REFIT_PACKAGE'] ?? ''))
  const log = outputLog('serve')
  const serving = await startPackageServing(settings, systemClock, log)
  let ending = false
  const end = (): void => {
    if (ending) return
    ending = true
    log.info('ends; what is under way is answered first')
    void serving.stop().then(() => process.exit(0))
  }
  for (const signal of ['SIGTERM', 'SIGINT', 'disconnect'] as const) process.once(signal, end)
  await serving.loaded
}

main().catch((error: unknown) => {
  // What is foreseen is told by whoever started it; a bug tells itself.
  if (error instanceof RefitError && process.send !== undefined) process.send({ error: error.toJSON() }, undefined, undefined, () => process.exit(1))
  else throw error
})
