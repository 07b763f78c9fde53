import assert from 'node:assert/strict'
import { test } from 'node:test'
import { askedOfStanding } from '../../bench/replay/asked.js'
import type { Following, Way } from '../../bench/replay/following.js'
import { ways } from '../../bench/replay/following.js'
import { refusalsOf } from '../../bench/replay/refusals.js'
import type { Season } from '../../bench/replay/seasons.js'
import { answerOf, besideSentence, standingOf, type Standing } from '../../bench/replay/standing.js'
import { judge } from '../../src/evaluation/judge.js'
import { regressionCase, uniform } from '../evaluation/cases.js'

const SEED = 7
const ROWS = 20

/** Weeks in which the errors of each way are so many times those of the maintained model, give or take some. */
function weeksOf(count: number, errors: (week: number) => Readonly<Record<Way, number>>): readonly Following[] {
  const random = uniform(SEED)
  return Array.from({ length: count }, (_, week) => {
    const targets = Float64Array.from({ length: ROWS }, () => 900 + 200 * random())
    const noise = Float64Array.from({ length: ROWS }, () => (random() < 0.5 ? -1 : 1) * (50 + 100 * random()))
    const times = errors(week)
    const scored = (way: Way) => ({ task: 'regression' as const, targets, values: targets.map((target, row) => target + (noise[row] ?? 0) * times[way] * (1 + 0.02 * (random() - 0.5))) })
    return { file: `week-${week}.csv`, rows: ROWS, unscored: 0, scored: { maintained: scored('maintained'), neverRetrained: scored('neverRetrained'), alwaysPromoted: scored('alwaysPromoted') } }
  })
}

const season: Season = { model: 'price', weeks: [], promotions: 0, champion: { version: 1, metrics: {} } }
const besideOf = ({ besides }: Standing, other: Way) => {
  const found = besides.find((each) => each.metric === 'mae' && each.other === other)
  assert.ok(found !== undefined)
  return found
}

test('a maintained model that loses to always promoting is said to be proven worse, and fails what is asked', () => {
  const standing = standingOf(weeksOf(40, () => ({ maintained: 1, neverRetrained: 1.3, alwaysPromoted: 0.9 })))
  assert.equal(answerOf(besideOf(standing, 'alwaysPromoted')), 'worse')
  assert.equal(answerOf(besideOf(standing, 'neverRetrained')), 'better')
  const [asked] = askedOfStanding(season, standing)
  assert.equal(asked?.holds, false)
  assert.match(asked.found, /^price: by MAE of the following week the maintained model is, beside always promoted, 11\.\d % worse \(90 % interval: .* worse to .* worse\): proven worse\.$/)
  // Other metrics are told, and not asked of: the rules promise nothing of them.
  assert.deepEqual(standing.besides.filter(({ metric }) => metric === 'mape').map(answerOf), ['better', 'worse'])
})

test('what is as good is not told apart, and is as asked for', () => {
  const standing = standingOf(weeksOf(40, () => ({ maintained: 1, neverRetrained: 1.3, alwaysPromoted: 1 })))
  assert.equal(answerOf(besideOf(standing, 'alwaysPromoted')), 'open')
  assert.match(besideSentence('price', besideOf(standing, 'alwaysPromoted')), /: not told apart\.$/)
  assert.deepEqual(askedOfStanding(season, standing).map(({ holds }) => holds), [true])
})

test('an undefined figure shows nothing, and is not as asked for', () => {
  const standing = standingOf(weeksOf(40, (week) => ({ maintained: 1, neverRetrained: 1, alwaysPromoted: week === 3 ? Number.NaN : 1 })))
  assert.equal(answerOf(besideOf(standing, 'alwaysPromoted')), 'untold')
  assert.deepEqual(askedOfStanding(season, standing).map(({ holds }) => holds), [false])
})

test('weeks that are alike widen the interval: a spell that is worse is no proof', () => {
  const alike = standingOf(weeksOf(40, (week) => ({ maintained: 1, neverRetrained: 1.3, alwaysPromoted: week < 22 ? 0.8 : 1.1 })))
  const mixed = standingOf(weeksOf(40, (week) => ({ maintained: 1, neverRetrained: 1.3, alwaysPromoted: week % 2 === 0 || week < 4 ? 0.8 : 1.1 })))
  const width = (standing: Standing): number => {
    const { lower, upper } = besideOf(standing, 'alwaysPromoted').harm
    return (upper ?? Number.NaN) - (lower ?? Number.NaN)
  }
  assert.ok(width(alike) > 1.5 * width(mixed), `${width(alike)} beside ${width(mixed)}`)
  assert.equal(answerOf(besideOf(mixed, 'alwaysPromoted')), 'worse')
  assert.equal(answerOf(besideOf(alike, 'alwaysPromoted')), 'open')
})

test('what refusals cost adds up to the difference from always promoting, by the rule that refused', () => {
  const weeks = weeksOf(12, (week) => ({ maintained: 1, neverRetrained: 1, alwaysPromoted: week % 3 === 0 ? 0.7 : week % 3 === 1 ? 1.2 : 1 }))
  const rejected = judge(regressionCase({ units: 70, harm: () => 0.2 }))
  const open = judge(regressionCase({ units: 10 }))
  assert.deepEqual([rejected.answer, open.answer], ['failed', 'inconclusive'])
  const judged = weeks.map((following, week) => {
    if (week % 3 === 0) return { following, newest: { outcome: 'rejected' as const, verdict: rejected } }
    if (week % 3 === 1) return { following, newest: { outcome: 'inconclusive' as const, verdict: open } }
    return { following: { ...following, scored: { ...following.scored, alwaysPromoted: following.scored.maintained } }, newest: { outcome: 'promoted' as const } }
  })
  const standing = standingOf(judged.map(({ following }) => following))
  const refusals = refusalsOf(judged, 'mae')
  assert.deepEqual(refusals.map(({ cause, weeks: count, better }) => [cause, count, better]), [
    ['MAE not worse than the champion by 3 %: failed', 4, 4],
    ['too small a test set: inconclusive', 4, 0],
  ])
  const [maintained = 0, , always = 0] = ways.map((way) => standing.figure('mae', way).value ?? Number.NaN)
  assert.ok(Math.abs(refusals.reduce((sum, { cost }) => sum + cost, 0) - (maintained - always)) < 1e-9)
})
