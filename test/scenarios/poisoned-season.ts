import assert from 'node:assert/strict'
import type { RunDetail } from '../../src/api/wire/run.js'
import { createProject, until, type RunningProject } from '../support/running-project.js'
import { houseColumns } from './house-columns.js'
import { poisons } from './poisoned-weeks.js'
import { weeklyFiles, type WeeklyFile } from './shared-data.js'

const MODEL = 'house-price'
/** A run of a whole season trains for many seconds, and another one may be in training beside it. */
const WITHIN_MS = 600_000

/** Nothing looks at a drop but the columns, and nothing at a candidate but the comparison with the champion. */
const projectFile = `
import { byGroup, column, defineModel, defineProject, folder, gradientBoostedTrees } from 'refit'

const model = defineModel({
  task: 'regression',
  columns: ${houseColumns},
  contract: { plausibility: 'off' },
  source: folder('drops'),
  split: byGroup({ test: '20%' }),
  train: gradientBoostedTrees(),
  check: (m) => [m.mae.notWorseThanChampion({ relative: 0.03 })],
})
export default defineProject({ models: { '${MODEL}': model } })
`

export interface PoisonPlan {
  /** The week whose prices are times ten, counted from 1. All before it arrive as one drop. */
  readonly week: number
  /** How many weeks come after it until somebody withdraws it; default all. */
  readonly weeksWithPoison?: number
  /** How many come after the withdrawal at most; no more than it takes until a candidate is promoted. */
  readonly weeksAfter?: number
  /** Is told of each run as it ends. */
  readonly onRun: (week: number, run: RunDetail) => void
}

/** What a poisoned week has done. */
export interface PoisonedSeason {
  readonly week: number
  /** The run of the weeks before it. */
  readonly first: RunDetail
  /** The runs whose snapshot holds it, its own first. */
  readonly poisoned: readonly RunDetail[]
  /** The runs since it was withdrawn. */
  readonly after: readonly RunDetail[]
  /** The versions that saw it. */
  readonly versionsWithPoison: readonly number[]
}

/**
 * King County week by week through the real lifecycle, with one week whose prices are times ten and nothing that looks at
 * drops: only the check stands between it and the endpoint. Later it is withdrawn.
 */
export async function playPoisonedSeason({ week, weeksWithPoison, weeksAfter = 0, onRun }: PoisonPlan): Promise<PoisonedSeason> {
  const weeks = weeklyFiles('king-county-house-sales.csv', 'date')
  const [poisonedWeek, spoil] = [weeks[week - 1], poisons.find(({ name }) => name === 'prices times 10')?.spoil]
  assert.ok(poisonedWeek !== undefined && spoil !== undefined)
  const later = weeks.slice(week)
  const withPoison = later.slice(0, weeksWithPoison ?? later.length)
  const project = await createProject({ 'refit.config.ts': projectFile })
  try {
    await project.up()
    const played = async (file: Pick<WeeklyFile, 'name' | 'content'>): Promise<{ readonly drop: string; readonly run: RunDetail }> => {
      const delivered = await deliver(project, file)
      onRun(week, delivered.run)
      return delivered
    }
    const { run: first } = await played(asOne(weeks.slice(0, week - 1)))
    const { drop, run: own } = await played({ name: `poisoned-${poisonedWeek.name}`, content: spoil(poisonedWeek) })
    const poisoned = [own]
    for (const file of withPoison) poisoned.push((await played(file)).run)
    await assertHold(project, drop, poisoned)
    const { withdrawal } = await project.api().decideDrops({ kind: 'withdraw', drops: [drop], reason: 'prices times ten', repair: true })
    assert.ok(withdrawal?.repair.run !== undefined)
    const repaired = await project.ended(withdrawal.repair.run, WITHIN_MS)
    onRun(week, repaired)
    const after = [repaired]
    for (const file of later.slice(withPoison.length, withPoison.length + weeksAfter)) {
      if (after.at(-1)?.outcome === 'promoted') break
      after.push((await played(file)).run)
    }
    return { week, first, poisoned, after, versionsWithPoison: withdrawal.versions }
  } finally {
    await project.close()
  }
}

/** Several weeks in one file. */
function asOne(weeks: readonly WeeklyFile[]): Pick<WeeklyFile, 'name' | 'content'> {
  const [head = ''] = (weeks[0]?.content ?? '').split('\n')
  return { name: 'former-weeks.csv', content: [head, ...weeks.flatMap(({ content }) => content.trim().split('\n').slice(1)), ''].join('\n') }
}

async function deliver(project: RunningProject, { name, content }: Pick<WeeklyFile, 'name' | 'content'>): Promise<{ readonly drop: string; readonly run: RunDetail }> {
  await project.put(`drops/${name}`, content)
  const drop = await until(`${name} to be read`, async () => (await project.api().drops(MODEL, { limit: 5 })).drops.find(({ key, state }) => key === name && state !== 'recorded'), 200, WITHIN_MS)
  assert.equal(drop.state, 'ingested', name)
  return { drop: drop.id, run: await project.ended(drop.run ?? '', WITHIN_MS) }
}

/** It is in the snapshots of these runs: what they show is what it does. */
async function assertHold(project: RunningProject, drop: string, runs: readonly RunDetail[]): Promise<void> {
  const { snapshots } = await project.api().drop(drop)
  for (const { id, snapshot } of runs) assert.ok(snapshot !== undefined && snapshots.includes(snapshot), id)
}
