import type { FeatureBatch } from '../src/predictors/predictor.js'
import { distil } from '../src/predictors/ydf/distil.js'
import { encodersOf, examplesOf } from '../src/predictors/ydf/encode.js'
import { forestPredictor } from '../src/predictors/ydf/forest-predictor.js'
import { toPredictions } from '../src/predictors/ydf/predictions.js'
import { loadModel, startRuntime } from '../src/predictors/ydf/runtime.js'
import { batchOf } from '../test/contracts/predictor.js'
import { median } from './ratio.js'
import { yggdrasilHouses } from './served-models.js'

const ROUNDS = 15
const LOADS = 7
/** Rows that are predicted in a round. */
const ROWS = 4000

/**
 * A model of Yggdrasil in its runtime, beside the same model distilled: processor time of a prediction, taking turns. And
 * where the time of a load goes, of which what is longest in one piece keeps the thread.
 */
export async function distilled(): Promise<readonly string[]> {
  const { content, rows, signature } = await yggdrasilHouses()
  const model = await loadModel(await startRuntime(), content)
  const forest = await distil(content, model)
  if (forest === undefined) throw new Error('the model was not distilled')
  const encoders = encodersOf(model.getInputFeatures(), signature)
  const predictor = forestPredictor(forest, signature)
  const ways = {
    runtime: (batch: FeatureBatch) => toPredictions(signature, batch.rows, model.predict(examplesOf(encoders, batch))),
    distilled: (batch: FeatureBatch) => predictor.predict(batch),
  }
  const lines = ['| rows | in the runtime, µs of processor | distilled | ratio |', '|---|---|---|---|']
  for (const count of [1, 100]) {
    const batch = batchOf(signature, rows.slice(0, count))
    const times: { readonly runtime: number[]; readonly distilled: number[] } = { runtime: [], distilled: [] }
    for (let round = 0; round < ROUNDS; round += 1) for (const way of ['runtime', 'distilled'] as const) times[way].push(await microseconds(() => ways[way](batch), ROWS / count))
    const [theirs, ours] = [median(times.runtime), median(times.distilled)]
    lines.push(`| ${count} | ${theirs.toFixed(1)} | ${ours.toFixed(1)} | ${(ours / theirs).toFixed(2)} |`)
  }
  return [...lines, '', `${forest.roots.length} trees, ${forest.feature.length} nodes; with the encoding of their rows. ${await loadLine(content)}`]
}

/** Each twice as often as it is measured, for the first times are those of the compiler. */
async function microseconds(work: () => unknown, times: number): Promise<number> {
  for (let time = 0; time < times; time += 1) await work()
  const begun = process.cpuUsage()
  for (let time = 0; time < times; time += 1) await work()
  return microsecondsSince(begun) / times
}

/** Pieces of a load in the runtime: what keeps the thread that loads, in milliseconds. */
async function loadLine(content: Buffer): Promise<string> {
  const starting: number[] = []
  const loading: number[] = []
  for (let load = 0; load < LOADS; load += 1) {
    const begun = process.cpuUsage()
    const runtime = await startRuntime()
    starting.push(microsecondsSince(begun) / 1000)
    const before = process.cpuUsage()
    const model = await loadModel(runtime, content)
    loading.push(microsecondsSince(before) / 1000)
    model.unload()
  }
  return `Of a load, medians of ${LOADS}: ${median(starting).toFixed(0)} ms of processor to compile and start the runtime, mostly on other threads; ${median(loading).toFixed(0)} ms to unpack and parse the model, on the thread that loads.`
}

function microsecondsSince(begun: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(begun)
  return user + system
}
