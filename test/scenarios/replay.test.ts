import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { XMLValidator } from 'fast-xml-parser'
import type { RunDetail } from '../../src/api/wire/run.js'
import { askedOfDrops } from '../../bench/replay/asked.js'
import { cellsOf, featureOf, figureOf, ways } from '../../bench/replay/following.js'
import { picture } from '../../bench/replay/picture.js'
import { playSeasons, type Played, type Season } from '../../bench/replay/seasons.js'
import { standingOf } from '../../bench/replay/standing.js'
import { judgedWeeks, tables } from '../../bench/replay/tables.js'
import { weekLine } from '../../bench/replay/week-line.js'
import { noSharedData } from './shared-data.js'

/** Every fourth week of King County and twenty weeks of electricity; `npm run bench:replay` plays the whole of both. */
let played: Played | undefined
let houses: Season
let electricity: Season

before(async () => {
  if (noSharedData !== undefined) return
  played = await playSeasons({
    houseWeeks: 4,
    electricityWeeks: 20,
    // eslint-disable-next-line no-console -- the log of a season is what one reads
    onWeek: (model, week) => console.log(weekLine(model, week)),
  })
  ;({ houses, electricity } = played)
})
after(async () => {
  await played?.asking.close()
  await played?.project.close()
})

const options = noSharedData === undefined ? {} : { skip: noSharedData }

test('every weekly file is one drop, accounted for with all its rows', options, async () => {
  for (const { model, weeks } of [houses, electricity]) {
    const { drops } = (await played?.project.api().drops(model, { limit: 200 })) ?? { drops: [] }
    assert.deepEqual(drops.map(({ key }) => key).toSorted(), weeks.map(({ file }) => file.name).toSorted())
    for (const { file, drop } of weeks) assert.deepEqual({ state: drop.state, rows: drop.rows }, { state: 'ingested', rows: file.rows }, file.name)
  }
})

test('no house is on both sides of a split, in any run', options, () => {
  const cut = houses.weeks.flatMap(({ run }) => splitsOf(run))
  assert.ok(cut.length > 0)
  for (const summary of cut) assert.match(summary, / 0 shared groups$/)
})

test('every run ends with an outcome and a verdict in words', options, () => {
  for (const { run } of [...houses.weeks, ...electricity.weeks]) {
    assert.ok(['promoted', 'rejected', 'inconclusive'].includes(run.outcome ?? ''), `${run.id}: ${run.outcome ?? ''} ${run.explanation ?? ''}`)
    assert.ok((run.explanation ?? '').length > 20)
  }
})

test('fresh data brings new versions into service', options, () => {
  assert.ok(houses.promotions >= 2, `${houses.promotions} promotions of house-price`)
  assert.ok(electricity.promotions >= 1, `${electricity.promotions} promotions of price-direction`)
})

test('serving answers with the champions at the end', options, async () => {
  for (const { model, champion } of [houses, electricity]) {
    const registered = await played?.project.api().model(model)
    assert.equal(registered?.champion?.version, champion.version)
    const live = await played?.project.serving(`/models/${model}`)
    assert.equal(valueAt(live?.body, 'digest'), registered.champion.digest)
  }
})

test('from the first version on each week’s models predict the file that comes next', options, () => {
  for (const { weeks } of [houses, electricity]) {
    const first = weeks.findIndex(({ run }) => run.outcome === 'promoted')
    for (const [index, { run, judged, file }] of weeks.entries()) {
      const next = weeks[index + 1]
      if (index < first || next === undefined) {
        assert.equal(judged, undefined, file.name)
        continue
      }
      assert.ok(judged !== undefined, file.name)
      const { following, newest } = judged
      assert.deepEqual({ file: following.file, rows: following.rows, unscored: following.unscored }, { file: next.file.name, rows: next.file.rows, unscored: 0 })
      assert.equal(newest.outcome, run.outcome)
      const { maintained, neverRetrained, alwaysPromoted } = following.scored
      // What is promoted is the newest candidate; what is kept out is another model.
      if (run.outcome === 'promoted') assert.deepEqual(maintained, alwaysPromoted)
      else assert.notDeepEqual(maintained, alwaysPromoted)
      if (index === first) assert.deepEqual(maintained, neverRetrained)
    }
  }
})

test('what is compared is what the endpoint answers', options, async () => {
  const { project, asking } = played ?? {}
  const file = houses.weeks.at(-1)?.file
  const digest = (await project?.api().model(houses.model))?.champion?.digest
  assert.ok(asking !== undefined && file !== undefined && digest !== undefined)
  const { signature, predictions } = await asking.predict(digest, file)
  const columns = signature.inputs.map(({ name, type }) => ({ name, values: cellsOf(file, name).map((cell) => featureOf(type, cell)) }))
  const rows = Array.from({ length: file.rows }, (_, row) => Object.fromEntries(columns.map(({ name, values }) => [name, values[row]])))
  const answer = await project?.predict(houses.model, rows)
  assert.ok(predictions.task === 'regression')
  assert.deepEqual(valueAt(answer?.body, 'predictions'), [...predictions.values])
})

test('the three ways are told side by side, in a table and a picture', options, () => {
  const told = [houses, electricity].map((season) => ({ season, standing: standingOf(judgedWeeks(season).map(({ following }) => following)) }))
  const asked = askedOfDrops(houses)
  assert.ok(asked.every(({ holds }) => holds), JSON.stringify(asked))
  const text = tables(told, asked).join('\n')
  assert.doesNotMatch(text, /NaN|undefined|Infinity/)
  for (const { season, standing } of told) {
    const weeks = judgedWeeks(season)
    for (const metric of standing.metrics) for (const way of ways) assert.ok(Number.isFinite(standing.figure(metric, way).value), `${metric} ${way}`)
    for (const { harm } of standing.besides) assert.ok((harm.lower ?? Number.NaN) <= (harm.value ?? Number.NaN) && (harm.value ?? Number.NaN) <= (harm.upper ?? Number.NaN))
    const [primary = 'mae'] = standing.metrics
    const mean = weeks.reduce((sum, { following }) => sum + (figureOf(following, primary, 'maintained') ?? Number.NaN) * following.rows, 0) / standing.rows
    assert.ok(Math.abs(mean - (standing.figure(primary, 'maintained').value ?? 0)) < 1e-9 * mean, 'the whole is the mean of its weeks')
    const drawn = picture(season.model, weeks, primary)
    assert.equal(XMLValidator.validate(drawn), true)
    assert.doesNotMatch(drawn, /NaN|Infinity|<script|(src|href)=/)
    for (const { following } of weeks) assert.ok(drawn.includes(`${following.file}: maintained`))
  }
})

test('a replay that was interrupted goes on where it was, and says the same of the weeks before', options, async () => {
  const { project } = played ?? {}
  assert.ok(project !== undefined)
  const lines: string[] = []
  const again = await playSeasons({ houseWeeks: 4, electricityWeeks: 20, folder: project.folder, onWeek: (model, week) => lines.push(weekLine(model, week)) })
  assert.deepEqual(lines.toSorted(), [...houses.weeks.map((week) => weekLine(houses.model, week)), ...electricity.weeks.map((week) => weekLine(electricity.model, week))].toSorted())
  await again.asking.close()
  for (const { model, weeks } of [houses, electricity]) assert.equal((await again.project.api().runs({ model, limit: 200 })).runs.length, weeks.length, 'nothing runs twice')
})

function splitsOf(run: RunDetail): readonly string[] {
  return run.stages.filter(({ name }) => name === 'split').map(({ summary }) => summary)
}

function valueAt(body: unknown, name: string): unknown {
  return typeof body === 'object' && body !== null ? Reflect.get(body, name) : undefined
}
