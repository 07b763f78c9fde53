import type { Contender } from './contenders.js'
import { loadFor, percentile, perSecondOf } from './load.js'
import { median } from './ratio.js'
import type { ServedModel } from './served-models.js'

const ROUNDS = Number(process.env['REFIT_BENCH_ROUNDS'] ?? 7)
const SECONDS = Number(process.env['REFIT_BENCH_SECONDS'] ?? 4)
const CONNECTIONS_EACH = 8

/** What servers have answered that took turns: each figure by server, in their order. */
export interface Turns {
  /** Answers a second, the median of the rounds. */
  readonly perSecond: readonly number[]
  /** The 99th percentile of the times to an answer, milliseconds, the median of the rounds. */
  readonly p99: readonly number[]
  /** Of the first server beside each: medians of the rounds' ratios. */
  readonly beside: { readonly perSecond: readonly number[]; readonly p99: readonly number[] }
}

/** Loads some servers for a few seconds each, in turn, round by round, with the same rows. */
export async function takeTurns(contenders: readonly Contender[], rows: ServedModel['rows'], processes: number): Promise<Turns> {
  const tasks = contenders.map(({ url, path, body }) => ({ url, path, body: body(rows), connections: CONNECTIONS_EACH * processes }))
  for (const task of tasks) await loadFor(task, 2)
  const perSecond = tasks.map((): number[] => [])
  const p99 = tasks.map((): number[] => [])
  for (let round = 0; round < ROUNDS; round += 1) {
    const order = tasks.map((_, index) => (index + round) % tasks.length)
    for (const which of order) {
      const task = tasks[which]
      if (task === undefined) continue
      const answers = await loadFor(task, SECONDS)
      perSecond[which]?.push(perSecondOf(answers))
      p99[which]?.push(percentile(answers.map(({ took }) => took), 0.99))
    }
  }
  const ofFirst = (figures: readonly (readonly number[])[]): readonly number[] => figures.map((other) => median(other.map((figure, round) => (figures[0]?.[round] ?? Number.NaN) / figure)))
  return { perSecond: perSecond.map(median), p99: p99.map(median), beside: { perSecond: ofFirst(perSecond), p99: ofFirst(p99) } }
}

/** How the rounds were made, in words. */
export const turnsWords = `${ROUNDS} rounds of ${SECONDS} seconds each, taking turns, ${CONNECTIONS_EACH} kept connections a process, load generator on the same machine; medians of the rounds, ratios are medians of the rounds' ratios.`
