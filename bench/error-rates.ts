import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { mkdir, readdir, readFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { Type } from 'typebox'
import { Value } from 'typebox/value'
import { factsOf } from '../src/define/metric-facts.js'
import { simulatedMetrics } from '../test/evaluation/simulated-models.js'
import { chunks, Count, simulations, type Situation } from './error-rate-simulations.js'

const CLAIMED = 0.05
const POWER = 0.9

const situations: Readonly<Record<Situation, string>> = {
  identical: 'identical models: let through as better',
  equal: 'equally good: let through as better',
  margin: 'worse by exactly the margin: let through as not worse',
  better: 'better by twice the stated difference: let through as better',
}
const order: readonly Situation[] = ['identical', 'equal', 'margin', 'better']

/** Where pieces are kept, so that simulations which were interrupted go on; none by default. */
const FOLDER = process.env['REFIT_BENCH_KEEP']
const Piece = Type.Object({ piece: Type.Integer(), counts: Type.Array(Count) })

/** How often whole verdicts let candidates through that are known to be so good (EVIDENCE rule 15): simulated test sets, each judged from the beginning. */
export async function errorRates(): Promise<readonly string[]> {
  const startedAt = performance.now()
  const kept = await keptPieces()
  const counts = await countOnThreads(kept)
  const minutes = (performance.now() - startedAt) / 60_000
  const lines = simulations.flatMap(({ task, design, draws }, index) =>
    simulatedMetrics[task].flatMap((metric) =>
      order.map((situation) => {
        const passed = counts.filter((count) => count.simulation === index && count.metric === metric && count.situation === situation).reduce((sum, count) => sum + count.passed, 0)
        const bound = situation === 'better' ? Math.ceil(POWER * draws) : mostOf(draws)
        const isHeld = situation === 'better' ? passed >= bound : passed <= bound
        return `| ${design.name} | ${factsOf({ metric }).label} | ${situations[situation]} | ${draws.toLocaleString('en-US')} | ${passed.toLocaleString('en-US')} | ${situation === 'better' ? 'at least' : 'at most'} ${bound.toLocaleString('en-US')} | ${isHeld ? 'yes' : '**no**'} |`
      }),
    ),
  )
  return [
    '| test sets | metric | candidates | draws | let through | bound | holds |',
    '|---|---|---|---|---|---|---|',
    ...lines,
    '',
    `At most 5 % and two binomial standard errors are let through of what is not better, or worse than allowed; at least 90 % of what is better by twice the smallest difference that such verdicts state on average. Seeds from ${simulations[0]?.seed ?? 0} on, by design. The second half of the units of each set arrived after the champion. ${kept.size === 0 ? `${minutes.toFixed(1)} minutes.` : 'Not all at one time.'}`,
  ]
}

/** Two binomial standard errors above what is claimed. */
function mostOf(draws: number): number {
  return Math.floor(draws * (CLAIMED + 2 * Math.sqrt((CLAIMED * (1 - CLAIMED)) / draws)))
}

async function keptPieces(): Promise<ReadonlyMap<number, readonly Count[]>> {
  if (FOLDER === undefined) return new Map()
  await mkdir(FOLDER, { recursive: true })
  const files = (await readdir(FOLDER)).filter((name) => name.endsWith('.json'))
  return new Map(await Promise.all(files.map(async (name) => [Number.parseInt(name, 10), Value.Parse(Type.Array(Count), JSON.parse(await readFile(join(FOLDER, name), 'utf8')))] as const)))
}

async function countOnThreads(kept: ReadonlyMap<number, readonly Count[]>): Promise<readonly Count[]> {
  const pieces = Int32Array.from(chunks.keys()).filter((piece) => !kept.has(piece))
  const taken = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT))
  const counts = [...kept.values()].flat()
  let done = kept.size
  await Promise.all(
    Array.from({ length: availableParallelism() }, async () => {
      const worker = new Worker(new URL('./error-rates-thread.js', import.meta.url), { workerData: { pieces, taken } })
      worker.on('message', (message: unknown) => {
        const { piece, counts: found } = Value.Parse(Piece, message)
        if (FOLDER !== undefined) writeFileSync(join(FOLDER, `${piece}.json`), JSON.stringify(found))
        counts.push(...found)
        done += 1
        console.log(`${done} of ${chunks.length} pieces`)
      })
      await once(worker, 'exit')
    }),
  )
  if (done !== chunks.length) throw new Error(`only ${done} of ${chunks.length} pieces were counted`)
  return counts
}
