/**
 * All of King County and of the NSW electricity through the lifecycle, week by week: `npm run bench:replay`. With
 * `-- --folder <folder>` the project is kept there, and a replay goes on where it was; `--electricity-weeks <count>` ends that
 * series earlier.
 */
import { parseArgs } from 'node:util'
import { noSharedData, weeklyFiles } from '../test/scenarios/shared-data.js'
import { askedOfDrops, askedOfHouses, askedOfStanding } from './replay/asked.js'
import { picture } from './replay/picture.js'
import { playSeasons } from './replay/seasons.js'
import { sparklines } from './replay/sparklines.js'
import { besideSentence, standingOf } from './replay/standing.js'
import { judgedWeeks, tables } from './replay/tables.js'
import { weekLine } from './replay/week-line.js'
import { writeBeside, writeSection } from './results.js'

if (noSharedData !== undefined) throw new Error(noSharedData)
const { values: options } = parseArgs({ options: { folder: { type: 'string' }, 'electricity-weeks': { type: 'string' } } })
const weeksWanted = options['electricity-weeks']
const { houses, electricity, project, asking } = await playSeasons({ houseWeeks: 1, electricityWeeks: weeksWanted === undefined ? undefined : Number(weeksWanted), folder: options.folder, onWeek: (model, week) => console.log(weekLine(model, week)) })
await asking.close()
if (options.folder === undefined) await project.close()
else await project.down()
const allElectricity = weeklyFiles('nsw-electricity.csv', 'timestamp').length
const told = [houses, electricity].map((season) => ({ season, standing: standingOf(judgedWeeks(season).map(({ following }) => following)) }))
const asked = [...[houses, electricity].flatMap(askedOfDrops), ...askedOfHouses(houses), ...told.flatMap(({ season, standing }) => askedOfStanding(season, standing))]
const pictures = told.map(({ season: { model }, standing: { metrics } }) => ({ model, metric: metrics[0] ?? 'mae', file: `replay-${model}.svg` }))
for (const { model, metric, file } of pictures) {
  const weeks = told.filter(({ season }) => season.model === model).flatMap(({ season }) => judgedWeeks(season))
  writeBeside(file, picture(model, weeks, metric))
  for (const line of sparklines(model, weeks, metric)) console.log(line)
}
const lines = tables(told, asked)
for (const line of lines) console.log(line)
writeSection('Two seasons of real data', 'npm run bench:replay', [
  `${houses.weeks.length} weekly files of King County (keyed split by house, window all) and ${electricity.weeks.length === allElectricity ? '' : 'the first '}${electricity.weeks.length} of ${allElectricity} of NSW electricity (split by time, the newest 28 days) through one project at the same time, one file at a time, rules of plausibility on. Those rules pass over the columns of Victoria, which have one value each until May 1997.`,
  '',
  ...lines,
  '',
  ...pictures.map(({ model, file }) => `![${model}, week by week](${file})`),
])
for (const { season, standing } of told) for (const beside of standing.besides) console.log(besideSentence(season.model, beside))
for (const { what, found, holds } of asked) if (!holds) console.log(`NOT as asked for: ${what}: ${found}`)
const isGood = asked.every(({ holds }) => holds)
console.log(isGood ? 'as asked for' : 'not as asked for')
process.exitCode = isGood ? 0 : 1
