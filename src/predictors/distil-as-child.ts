import { RefitError, refitError } from '../errors.js'
import { modelSignature } from '../packages/manifest.js'
import { isDistilTask, type FromDistiller } from './distiller-messages.js'
import type { PredictorAdapter } from './predictor.js'
import { adapterOf } from './recognise.js'

/** What the entry of a process that distils does: hands over the other form of one model, and waits for its end. */
export function distilAsChild(adapters: readonly PredictorAdapter[]): void {
  const say = (message: FromDistiller): void => void process.send?.(message)
  process.once('disconnect', () => process.exit(0))
  process.once('message', (task: unknown) => {
    if (!isDistilTask(task)) throw new Error('started with no model')
    const { folder, manifest } = task
    const form = adapterOf(adapters, manifest.format).distilled
    Promise.resolve(form?.make(folder, modelSignature(manifest))).then(
      (made) => say({ kind: 'distilled', made }),
      (error: unknown) => say({ kind: 'not-loaded', error: (error instanceof RefitError ? error : refitError('model-unreadable', { reason: String(error) })).toJSON() }),
    )
  })
}
