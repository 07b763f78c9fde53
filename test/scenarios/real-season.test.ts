import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { RunDetail } from '../../src/api/wire/run.js'
import type { RunningProject } from '../support/running-project.js'
import { playRealSeasons, type Season } from './real-season.js'
import { noSharedData } from './shared-data.js'

/** Every fourth week of King County and twenty weeks of electricity; `npm run bench:season` plays the whole of both. */
let project: RunningProject | undefined
let houses: Season
let electricity: Season

before(async () => {
  if (noSharedData !== undefined) return
  const played = await playRealSeasons({
    houseWeeks: 4,
    electricityWeeks: 20,
    // eslint-disable-next-line no-console -- the log of a season is what one reads
    onWeek: (model, { file, drop, run }) => console.log(`${model} ${file.name} ${drop.state}: ${run.outcome ?? ''} – ${run.explanation ?? ''}`),
  })
  ;({ houses, electricity, project } = played)
})
after(() => project?.close())

const options = noSharedData === undefined ? {} : { skip: noSharedData }

test('every weekly file is one drop, accounted for with all its rows', options, async () => {
  for (const [model, { weeks }] of [['house-price', houses], ['price-direction', electricity]] as const) {
    const { drops } = (await project?.api().drops(model, { limit: 200 })) ?? { drops: [] }
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
  for (const [model, { champion }] of [['house-price', houses], ['price-direction', electricity]] as const) {
    const registered = await project?.api().model(model)
    assert.equal(registered?.champion?.version, champion.version)
    const live = await project?.serving(`/models/${model}`)
    assert.equal(digestOf(live?.body), registered.champion.digest)
  }
})

function splitsOf(run: RunDetail): readonly string[] {
  return run.stages.filter(({ name }) => name === 'split').map(({ summary }) => summary)
}

function digestOf(body: unknown): unknown {
  return typeof body === 'object' && body !== null && 'digest' in body ? body.digest : undefined
}
