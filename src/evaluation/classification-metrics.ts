import type { ClassificationMetric } from '../define/stored-definition.js'
import { additive, fromSums, sumsOf } from './additive.js'
import { calibrationError } from './calibration-error.js'
import { totalWidth, undefinedEvaluator, type Evaluator } from './evaluator.js'
import type { Scored, Units } from './scored.js'
import { areaUnderCurve, averagePrecision } from './sorted.js'
import type { Sums } from './tally.js'

type Classification = Extract<Scored, { task: 'classification' }>

/** The smallest probability that log loss counts with, as scikit-learn has it for doubles. */
const EPSILON = 2.220446049250313e-16

/**
 * The evaluator of a classification metric. With two classes the second in sorted order is the positive one. Evaluators that
 * follow from the same `confusion` may share it.
 */
export function classificationEvaluator(metric: ClassificationMetric, scored: Classification, units: Units, confusion: () => Sums = () => confusionOf(scored, units)): Evaluator {
  const { labels, probabilities, classes } = scored
  // NaN is never the largest probability: without this a model that answers NaN would be taken to guess the first class.
  if (!isDefined(scored, units.rows)) return undefinedEvaluator
  const probability = (row: number, label: number): number => probabilities[row * classes + label] ?? Number.NaN
  const truth = (row: number): number => labels[row] ?? -1
  const guess = mostLikely(scored)
  const ofClasses = (score: (counts: ClassCounts) => number): Evaluator =>
    fromConfusion(confusion(), scored, units, (counts) => (classes === 2 ? counts.slice(1) : counts).reduce((sum, each, _, { length }) => sum + score(each) / length, 0))
  switch (metric) {
    case 'accuracy':
      return { ...additive(units, [(row) => (guess(row) === truth(row) ? 1 : 0)], ([right = 0], rows) => right / rows), grain: 1 / units.rows.length, answers: scored.probabilities }
    case 'logLoss':
      return additive(
        units,
        [(row) => -Math.log(Math.min(1 - EPSILON, Math.max(EPSILON, probability(row, truth(row)))))],
        ([sum = 0], rows) => sum / rows,
      )
    case 'brier':
      return additive(units, [(row) => brierOf(scored, row)], ([sum = 0], rows) => sum / rows)
    case 'balancedAccuracy':
      return fromConfusion(confusion(), scored, units, (counts) => meanOf(counts.map(({ right, actual }) => (actual === 0 ? Number.NaN : right / actual))))
    case 'f1':
      return ofClasses(({ right, actual, guessed }) => (actual + guessed === 0 ? Number.NaN : (2 * right) / (actual + guessed)))
    case 'precision':
      // Of a class that is there and never guessed it is 0, like F1: every one of its rows is missed.
      return ofClasses(({ right, actual, guessed }) => (guessed > 0 ? right / guessed : actual > 0 ? 0 : Number.NaN))
    case 'recall':
      return ofClasses(({ right, actual }) => (actual === 0 ? Number.NaN : right / actual))
    case 'rocAuc':
      return overClasses(classes, (label) => areaUnderCurve(units, (row) => truth(row) === label, (row) => probability(row, label)))
    case 'prAuc':
      return overClasses(classes, (label) => averagePrecision(units, (row) => truth(row) === label, (row) => probability(row, label)))
    case 'calibrationError':
      return overClasses(classes, (label) => calibrationError(units, (row) => probability(row, label), (row) => truth(row) === label))
  }
}

function isDefined({ labels, probabilities, classes }: Classification, rows: Int32Array): boolean {
  for (const row of rows) {
    const label = labels[row] ?? -1
    if (label < 0 || label >= classes) return false
    for (let at = row * classes; at < (row + 1) * classes; at += 1) if (!Number.isFinite(probabilities[at])) return false
  }
  return true
}

function mostLikely({ probabilities, classes }: Classification): (row: number) => number {
  return (row) => {
    let best = 0
    for (let label = 1; label < classes; label += 1) {
      if ((probabilities[row * classes + label] ?? 0) > (probabilities[row * classes + best] ?? 0)) best = label
    }
    return best
  }
}

/** Squared distance from the truth; with two classes that of the positive one alone, as is customary. */
function brierOf({ labels, probabilities, classes }: Classification, row: number): number {
  let sum = 0
  for (let label = 0; label < classes; label += 1) {
    sum += ((probabilities[row * classes + label] ?? Number.NaN) - (labels[row] === label ? 1 : 0)) ** 2
  }
  return classes === 2 ? sum / 2 : sum
}

interface ClassCounts {
  readonly right: number
  readonly actual: number
  readonly guessed: number
}

/** Sums of the weight, and for each class of its rows that were guessed right, that are there, and that were guessed. */
export function confusionOf(scored: Classification, units: Units): Sums {
  const { labels, classes } = scored
  const guess = mostLikely(scored)
  const figures = Array.from({ length: classes }, (_, label) => [
    (row: number): number => (labels[row] === label && guess(row) === label ? 1 : 0),
    (row: number): number => (labels[row] === label ? 1 : 0),
    (row: number): number => (guess(row) === label ? 1 : 0),
  ])
  return sumsOf(units, [() => 1, ...figures.flat()])
}

function fromConfusion(confusion: Sums, { classes, probabilities }: Classification, { rows }: Units, finish: (counts: readonly ClassCounts[]) => number): Evaluator {
  const labels = Array.from({ length: classes }, (_, label) => label)
  const countsOf = (sums: readonly number[]): readonly ClassCounts[] => labels.map((label) => ({ right: sums[label * 3] ?? 0, actual: sums[label * 3 + 1] ?? 0, guessed: sums[label * 3 + 2] ?? 0 }))
  const [weight = 0, ...sums] = totalsOf(confusion)
  return { ...fromSums(confusion, (resampled) => finish(countsOf(resampled))), grain: grainOf(countsOf(sums), weight / rows.length, finish), answers: probabilities }
}

/** How far one row of this weight moves a figure at most, when it is taken for another class than it was. */
function grainOf(counts: readonly ClassCounts[], weight: number, finish: (counts: readonly ClassCounts[]) => number): number {
  const figure = finish(counts)
  let grain = 0
  for (const [label, { right, actual }] of counts.entries()) {
    // What is missed could have been found, and what is found missed; for which class it is taken then says little.
    for (const change of [...(right >= weight ? [-weight] : []), ...(actual - right >= weight ? [weight] : [])]) {
      const other = (label + 1) % counts.length
      const moved = finish(counts.map((each, at) => (at === label ? { ...each, right: right + change, guessed: each.guessed + change } : at === other ? { ...each, guessed: each.guessed - change } : each)))
      if (Number.isFinite(moved)) grain = Math.max(grain, Math.abs(moved - figure))
    }
  }
  return grain
}

function totalsOf({ width, unit, values }: Sums): readonly number[] {
  return Array.from({ length: width }, (_, column) => values.subarray(column * unit.length, (column + 1) * unit.length).reduce((sum, value) => sum + value, 0))
}

/** The positive class of two; else one class against the rest, the plain mean over classes. */
function overClasses(classes: number, evaluatorOf: (label: number) => Evaluator): Evaluator {
  const evaluators = Array.from({ length: classes === 2 ? 1 : classes }, (_, index) => evaluatorOf(classes === 2 ? 1 : index))
  return {
    tallies: evaluators.flatMap(({ tallies }) => tallies),
    finish: (tallied) => {
      let at = 0
      const mean = meanOf(evaluators.map(({ tallies, finish }) => finish(tallied.subarray(at, (at += totalWidth(tallies)))) ?? Number.NaN))
      return Number.isFinite(mean) ? mean : null
    },
  }
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
