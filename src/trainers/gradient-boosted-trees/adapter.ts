import { fileURLToPath } from 'node:url'
import { refitError } from '../../errors.js'
import type { Trainer } from '../trainer.js'
import { kind } from './definition.js'

/** Yggdrasil's runtime has 2 GB of memory and one thread; beyond this it would run for hours or out of memory. */
const MOST_ROWS = 500_000

/** Trains in a disposable process, for the runtime never gives its memory back. */
export const gradientBoostedTreesTrainer: Trainer = {
  kind,
  // Yggdrasil's build for Node has no setting for it.
  weighs: false,
  tracks: false,
  command: (request) => {
    const rows = request.rows.train + request.rows.validation
    if (rows > MOST_ROWS) return Promise.reject(refitError('training-set-too-large', { rows, most: MOST_ROWS }))
    const columns = Object.entries(request.definition.columns).flatMap(([name, { role, type }]) => (role === 'feature' ? [{ name, type }] : []))
    const target = Object.entries(request.definition.columns).find(([, { role }]) => role === 'target')?.[0] ?? ''
    return Promise.resolve({
      command: process.execPath,
      arguments: [
        '--max-old-space-size=4096',
        fileURLToPath(new URL('./train-child.bundle.js', import.meta.url)),
        JSON.stringify({ columns, target, task: request.definition.task }),
      ],
      environment: {},
      workingFolder: request.attemptFolder,
    })
  },
}
