import type { DropSummary } from '../../src/api/wire/drop.js'
import type { RunDetail } from '../../src/api/wire/run.js'
import { createProject, until, type RunningProject } from '../support/running-project.js'
import { realProject } from './real-project.js'
import { weeklyFiles, type WeeklyFile } from './shared-data.js'

/** One drop, what became of it, and the run that read it. */
export interface Week {
  readonly file: WeeklyFile
  readonly drop: DropSummary
  readonly run: RunDetail
}

/** What the season of one model gave. */
export interface Season {
  readonly weeks: readonly Week[]
  readonly promotions: number
  /** The champion at the end, on the test set of the last run that reached a verdict. */
  readonly champion: { readonly version: number; readonly metrics: Readonly<Record<string, number | null>> }
}

export interface SeasonOptions {
  /** Every how many weeks of King County a file is delivered; 1: the whole season. */
  readonly houseWeeks: number
  /** How many weeks of electricity are delivered. */
  readonly electricityWeeks: number
  /** Told of each week as it ends. */
  readonly onWeek: (model: string, week: Week) => void
}

/** Lets both seasons arrive in one project at the same time, each one file at a time, and looks at every drop and run. */
export async function playRealSeasons({ houseWeeks, electricityWeeks, onWeek }: SeasonOptions): Promise<{ readonly houses: Season; readonly electricity: Season; readonly project: RunningProject }> {
  const project = await createProject(realProject)
  try {
    await project.up()
    const houseFiles = weeklyFiles('king-county-house-sales.csv', 'date').filter((_, index) => index % houseWeeks === 0)
    const electricityFiles = weeklyFiles('nsw-electricity.csv', 'timestamp').slice(0, electricityWeeks)
    const [houses, electricity] = await Promise.all([play(project, 'house-price', houseFiles, onWeek), play(project, 'price-direction', electricityFiles, onWeek)])
    return { houses, electricity, project }
  } catch (error) {
    await project.close()
    throw error
  }
}

async function play(project: RunningProject, model: string, files: readonly WeeklyFile[], onWeek: SeasonOptions['onWeek']): Promise<Season> {
  const weeks: Week[] = []
  for (const file of files) {
    await project.put(`drops/${model}/${file.name}`, file.content)
    const drop = await until(`${model}: ${file.name} to be read`, async () => {
      const { drops } = await project.api().drops(model, { limit: 5 })
      return drops.find(({ key, state }) => key === file.name && state !== 'recorded')
    }, 200)
    const week = { file, drop, run: await project.ended(drop.run ?? '') }
    weeks.push(week)
    onWeek(model, week)
  }
  return { weeks, promotions: weeks.filter(({ run }) => run.outcome === 'promoted').length, champion: championAtTheEnd(weeks) }
}

function championAtTheEnd(weeks: readonly Week[]): Season['champion'] {
  const last = weeks.findLast(({ run }) => run.verdict !== undefined && (run.outcome === 'promoted' || run.verdict.champion !== undefined))?.run
  const { verdict } = last ?? {}
  if (last === undefined || verdict === undefined) throw new Error('no run reached a verdict beside a champion')
  const promoted = last.outcome === 'promoted'
  const version = promoted ? last.version : verdict.champion?.version
  const estimates = promoted ? verdict.candidate : (verdict.champion?.metrics ?? {})
  return { version: version ?? 0, metrics: Object.fromEntries(Object.entries(estimates).map(([name, { value }]) => [name, value])) }
}
