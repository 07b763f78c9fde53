/** The whole of King County through the lifecycle, week by week, with twenty weeks of electricity beside it: `npm run bench:season`. */
import { playRealSeasons, type Season, type Week } from '../test/scenarios/real-season.js'
import { noSharedData } from '../test/scenarios/shared-data.js'
import { writeSection } from './results.js'

const MOST_MAPE = 0.13
const MOST_MAE = 70_000
const LEAST_PROMOTIONS = 5

if (noSharedData !== undefined) throw new Error(noSharedData)
const startedAt = Date.now()
const { houses, electricity, project } = await playRealSeasons({
  houseWeeks: 1,
  electricityWeeks: 20,
  onWeek: (model, { file, run }) => console.log(`${model}  ${file.name}  ${run.outcome ?? ''}  ${run.headline?.text ?? ''}`),
})
await project.close()
const minutes = (Date.now() - startedAt) / 60_000
const { mape = null, mae = null } = houses.champion.metrics
writeSection('Two seasons of real data', 'npm run bench:season', [
  `${houses.weeks.length} weekly files of King County (keyed split by house, window all) and ${electricity.weeks.length} of NSW electricity (split by time, the newest 28 days) through one project at the same time, one file at a time, in ${minutes.toFixed(1)} minutes.`,
  '',
  '| | king county | electricity |',
  '|---|---|---|',
  `| drops, all ingested | ${accounted(houses)} | ${accounted(electricity)} |`,
  `| promoted | ${houses.promotions} | ${electricity.promotions} |`,
  ...(['rejected', 'inconclusive', 'failed', 'unchanged'] as const).map((outcome) => `| ${outcome} | ${count(houses, outcome)} | ${count(electricity, outcome)} |`),
  `| groups on both sides of a split, over all runs | ${sharedGroups(houses.weeks)} | – |`,
  `| champion at the end, on the last test set | version ${houses.champion.version}: ${figures(houses)} | version ${electricity.champion.version}: ${figures(electricity)} |`,
  '',
  `Asked for: at least ${LEAST_PROMOTIONS} promotions, MAPE at most ${MOST_MAPE}, MAE at most ${MOST_MAE.toLocaleString('en-US')} USD.`,
])
const good = houses.promotions >= LEAST_PROMOTIONS && mape !== null && mape <= MOST_MAPE && mae !== null && mae <= MOST_MAE
console.log(good ? 'as asked for' : `NOT as asked for: ${houses.promotions} promotions, MAPE ${mape}, MAE ${mae}`)
process.exitCode = good ? 0 : 1

function accounted({ weeks }: Season): string {
  return `${weeks.filter(({ drop, file }) => drop.state === 'ingested' && drop.rows === file.rows).length} of ${weeks.length}`
}

function count({ weeks }: Season, outcome: string): number {
  return weeks.filter(({ run }) => run.outcome === outcome).length
}

function sharedGroups(weeks: readonly Week[]): number {
  return weeks.flatMap(({ run }) => run.stages.filter(({ name }) => name === 'split')).reduce((sum, { summary }) => sum + Number(/(\d+) shared groups$/.exec(summary)?.[1] ?? Number.NaN), 0)
}

function figures({ champion: { metrics } }: Season): string {
  return Object.entries(metrics)
    .map(([name, value]) => `${name} ${value === null ? 'undefined' : value.toPrecision(4)}`)
    .join(', ')
}
