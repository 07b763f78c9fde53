import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { DropSummary } from '../../src/api/wire/drop.js'
import type { RunDetail } from '../../src/api/wire/run.js'
import { realProject } from '../../test/scenarios/real-project.js'
import { weeklyFiles, type WeeklyFile } from '../../test/scenarios/shared-data.js'
import { createProject, until, type RunningProject } from '../../test/support/running-project.js'
import { askPackages, type Asking } from './following.js'
import type { JudgedWeek } from './refusals.js'

/** A machine with much else to do, and the last weeks of a long season. */
const PATIENCE_MS = 900_000
const LOOK_MS = 250
/** More than there are weeks. */
const MOST_DROPS = 1000

/** One drop, what became of it, the run that read it, and how the models of then did on the file that came next. */
export interface Week {
  readonly file: WeeklyFile
  readonly drop: DropSummary
  readonly run: RunDetail
  /** Absent before the first version, and of the last week. */
  readonly judged: JudgedWeek | undefined
}

/** What the season of one model gave. */
export interface Season {
  readonly model: string
  readonly weeks: readonly Week[]
  readonly promotions: number
  /** The champion at the end, on the test set of the last run that reached a verdict. */
  readonly champion: { readonly version: number; readonly metrics: Readonly<Record<string, number | null>> }
}

export interface SeasonOptions {
  /** Every how many weeks of King County a file is delivered; 1: the whole season. */
  readonly houseWeeks: number
  /** How many weeks of electricity are delivered; absent: all. */
  readonly electricityWeeks?: number | undefined
  /** Where the project lies; a replay that was interrupted goes on there. Absent: a temporary folder. */
  readonly folder?: string | undefined
  /** Told of each week as it ends, also of those that an interrupted replay has played before. */
  readonly onWeek: (model: string, week: Week) => void
}

/** Both seasons, and the project in which they came, which still runs. */
export interface Played {
  readonly houses: Season
  readonly electricity: Season
  readonly project: RunningProject
  readonly asking: Asking
}

/**
 * Lets both seasons arrive in one project at the same time, each one file at a time, and looks at every drop and run.
 * After each run the champion, the first version and the newest candidate predict the file that is delivered next.
 */
export async function playSeasons({ houseWeeks, electricityWeeks, folder, onWeek }: SeasonOptions): Promise<Played> {
  const project = await createProject(realProject, folder)
  try {
    // What an interrupted replay has left may run on.
    if (existsSync(project.stateFolder)) await project.down()
    await project.up()
    const asking = askPackages(project.stateFolder, join(project.folder, 'asked'))
    const houseFiles = weeklyFiles('king-county-house-sales.csv', 'date').filter((_, index) => index % houseWeeks === 0)
    const electricityFiles = weeklyFiles('nsw-electricity.csv', 'timestamp').slice(0, electricityWeeks)
    const played = { project, asking, onWeek }
    const [houses, electricity] = await Promise.all([play(played, 'house-price', houseFiles), play(played, 'price-direction', electricityFiles)])
    return { houses, electricity, project, asking }
  } catch (error) {
    if (folder === undefined) await project.close()
    else await project.down()
    throw error
  }
}

async function play({ project, asking, onWeek }: Pick<Played, 'project' | 'asking'> & Pick<SeasonOptions, 'onWeek'>, model: string, files: readonly WeeklyFile[]): Promise<Season> {
  const weeks: Week[] = []
  let first: string | undefined
  let champion: string | undefined
  let newest: RunDetail | undefined
  const { drops: before } = await project.api().drops(model, { limit: MOST_DROPS })
  for (const [index, file] of files.entries()) {
    const { drop, run } = await deliver(project, model, file, before)
    if (run.outcome === 'promoted') champion = run.candidate
    first ??= champion
    if (run.candidate !== undefined) newest = run
    const week = { file, drop, run, judged: await judge(asking, { champion, first, newest }, files[index + 1]) }
    weeks.push(week)
    onWeek(model, week)
  }
  return { model, weeks, promotions: weeks.filter(({ run }) => run.outcome === 'promoted').length, champion: championAtTheEnd(weeks) }
}

interface Models {
  readonly champion: string | undefined
  readonly first: string | undefined
  /** The last run that has trained a candidate. */
  readonly newest: RunDetail | undefined
}

async function judge(asking: Asking, { champion, first, newest }: Models, next: WeeklyFile | undefined): Promise<JudgedWeek | undefined> {
  if (champion === undefined || first === undefined || newest?.candidate === undefined || next === undefined) return undefined
  return { following: await asking.score({ maintained: champion, neverRetrained: first, alwaysPromoted: newest.candidate }, next), newest }
}

/** Delivers a file, unless a run has read it before, and waits for the end of that run. */
async function deliver(project: RunningProject, model: string, file: WeeklyFile, before: readonly DropSummary[]): Promise<Pick<Week, 'drop' | 'run'>> {
  const played = before.find(({ key, state }) => key === file.name && state !== 'recorded')
  if (played === undefined) await project.put(`drops/${model}/${file.name}`, file.content)
  const drop = played ?? (await until(`${model}: ${file.name} to be read`, async () => {
    const { drops } = await project.api().drops(model, { limit: 5 })
    return drops.find(({ key, state }) => key === file.name && state !== 'recorded')
  }, LOOK_MS, PATIENCE_MS))
  const { run: reader } = drop
  if (reader === undefined) throw new Error(`${file.name} is ${drop.state}, and no run has read it`)
  const run = await until(`${model}: the end of the run that read ${file.name}`, async () => {
    const seen = await project.api().run(reader)
    return seen.state === 'ended' ? seen : undefined
  }, LOOK_MS, PATIENCE_MS)
  return { drop, run }
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
