import type { RunDetail } from '../src/api/wire/run.js'
import { playPoisonedSeason, type PoisonedSeason } from '../test/scenarios/poisoned-season.js'
import { noSharedData } from '../test/scenarios/shared-data.js'

const WEEKS = [10, 30, 50]

/** A week of King County with its prices times ten, and nothing that looks at drops: every later week with it, until it is withdrawn after the last. */
export async function poison(): Promise<readonly string[]> {
  if (noSharedData !== undefined) throw new Error(noSharedData)
  const startedAt = performance.now()
  const seasons = await Promise.all(
    WEEKS.map((week) => playPoisonedSeason({ week, onRun: (_, { id, outcome, headline, explanation }) => console.log(`week ${week}  ${id}  ${outcome ?? ''}  ${headline?.text ?? ''}  ${explanation ?? ''}`) })),
  )
  const minutes = (performance.now() - startedAt) / 60_000
  return [
    '| week of the poison | runs with it | promoted | rejected | inconclusive | worse than the champion on its own test rows, MAE | after its withdrawal |',
    '|---|---|---|---|---|---|---|',
    ...seasons.map(lineOf),
    '',
    `King County by week, the weeks before as one drop, prices of one week times ten, plausibility off, the built-in trainer, one rule: MAE not worse than the champion's by more than 3 %. Then every later week, and the withdrawal. ${minutes.toFixed(1)} minutes, the three at the same time.`,
  ]
}

function lineOf({ week, poisoned, after }: PoisonedSeason): string {
  const count = (outcome: RunDetail['outcome']): number => poisoned.filter((run) => run.outcome === outcome).length
  const promoted = count('promoted')
  return `| ${week} | ${poisoned.length} | ${promoted === 0 ? '0' : `**${promoted}**`} | ${count('rejected')} | ${count('inconclusive')} | ${ownRows(poisoned)} | ${after.map(({ outcome }) => outcome ?? '').join(', ')} |`
}

/** From the least to the most of what verdicts tell of the champion's own test rows. */
function ownRows(runs: readonly RunDetail[]): string {
  const found = runs.flatMap(({ verdict }) => verdict?.rules.flatMap(({ explanation }) => {
    const [, share, way] = /On the champion's own test rows it is ([\d.,]+) % (worse|better)/.exec(explanation) ?? []
    return share === undefined ? [] : [way === 'better' ? -sizeOf(share) : sizeOf(share)]
  }) ?? [])
  return found.length === 0 ? '–' : `${Math.min(...found)} to ${Math.max(...found)} %`
}

function sizeOf(words: string): number {
  return Number(words.replaceAll(',', ''))
}
