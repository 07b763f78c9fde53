import { readFeatures } from '../data/read-test-set.js'
import type { TestRows } from '../data/test-rows.js'
import { readManifest } from '../packages/read.js'
import { openPackage } from '../predictors/open-package.js'
import type { FeatureBatch, FeatureValue, Predictor, PredictorAdapter } from '../predictors/predictor.js'
import type { Asking, Whose } from './asking-note.js'
import type { Asked } from './score-rows.js'

/** Rows that requests are made of. */
const MOST_ROWS = 1000
const MOST_REQUESTS = 1000
const WARM_UP_REQUESTS = 100
/** Longer only as far as the percentile needs more requests. */
const USUAL_MILLISECONDS = 5000
const MOST_MILLISECONDS = 60_000
/** Requests beyond a percentile that it takes to know where it lies. */
const BEYOND = 10

export interface Request {
  readonly rows: number
  readonly percentile: number
}

/**
 * Milliseconds of requests to some packages, by the code that serves them, once they are warm: one after another in turn,
 * so that whatever else this machine does meets all of them. The rows are those of the test set, over and over.
 */
export async function measureLatency(adapters: readonly PredictorAdapter[], models: readonly Asked[], source: TestRows, { rows, percentile }: Request, asking: Asking): Promise<readonly (readonly number[])[]> {
  const asked: Opened[] = []
  for (const model of models) asked.push(await asking.during(model.whose, () => open(adapters, model, source)))
  try {
    for (const each of asked) await asking.during(each.whose, () => warmUp(each, rows))
    const needed = Math.ceil((BEYOND * 100) / (100 - percentile))
    const times = asked.map((): number[] => [])
    const startedAt = performance.now()
    for (let request = 0; request < Math.max(needed, MOST_REQUESTS); request += 1) {
      const elapsed = performance.now() - startedAt
      if (elapsed > MOST_MILLISECONDS || (elapsed > USUAL_MILLISECONDS && request >= needed)) break
      for (const [index, { whose, predictor, batch }] of asked.entries()) {
        const given = batch(request * rows, rows)
        await asking.during(whose, async () => {
          const from = performance.now()
          await predictor.predict(given)
          times[index]?.push(performance.now() - from)
        })
      }
    }
    return times
  } finally {
    for (const { predictor } of asked) await predictor.close()
  }
}

interface Opened {
  readonly whose: Whose
  readonly predictor: Predictor
  /** Some rows as a request has them, from a row on. */
  readonly batch: (from: number, rows: number) => FeatureBatch
}

async function open(adapters: readonly PredictorAdapter[], { whose, folder }: Asked, source: TestRows): Promise<Opened> {
  const manifest = await readManifest(folder)
  const { inputs } = manifest.signature
  const columns: FeatureValue[][] = inputs.map(() => [])
  let known = 0
  await readFeatures(
    source,
    inputs,
    async (values, rows) => {
      for (const [index, column] of columns.entries()) column.push(...(values[index] ?? []))
      known += rows
      return Promise.resolve()
    },
    MOST_ROWS,
  )
  const batch = (from: number, rows: number): FeatureBatch => ({
    rows,
    columns: Object.fromEntries(inputs.map(({ name }, index) => [name, Array.from({ length: rows }, (_, row) => columns[index]?.[(from + row) % known] ?? null)])),
  })
  return { whose, predictor: await openPackage(adapters, folder, manifest), batch }
}

async function warmUp({ predictor, batch }: Opened, rows: number): Promise<void> {
  const startedAt = performance.now()
  for (let request = 0; request < WARM_UP_REQUESTS && performance.now() - startedAt < USUAL_MILLISECONDS; request += 1) await predictor.predict(batch(request * rows, rows))
}
