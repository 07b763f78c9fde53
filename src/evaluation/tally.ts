/**
 * What a resample is reduced to, in typed arrays alone, so that any thread can do it. A tally passes over its arrays
 * once, from the beginning to the end, for four resamples abreast: each is worked out in the same order whatever thread
 * does it and whatever lies beside it, so that floating-point sums come out the same to the last bit.
 */
export type Tally =
  /**
   * Sums over units: `values` has those of the units in `unit`, one column of `width` after the other. `isFinite` where
   * all of them are: what is not must not spoil a resample that leaves it out.
   */
  | Sums
  /**
   * How many pairs of a positive row and a negative one before it there are. Cells are twice the unit, and one more for
   * positive; `weights` says how many rows each stands for, where it is not one.
   */
  | { readonly kind: 'pairs'; readonly cells: Int32Array; readonly weights: Float64Array | undefined }
  /** How many of the pairs are of equal score. Cells are those of `pairs`, of ties alone; `ends` is where each tie ends. */
  | { readonly kind: 'ties'; readonly cells: Int32Array; readonly weights: Float64Array; readonly ends: Int32Array }
  /** Over the positive rows, the precision among all down to their score. Cells are like those of `pairs`, the highest score first; `ends` is where each score ends. */
  | { readonly kind: 'precision'; readonly cells: Int32Array; readonly weights: Float64Array; readonly ends: Int32Array }
  /** The median of `values`, which are sorted, each as often as its unit counts, by weight; NaN of nothing. `weightOf` says how much the rows of a unit weigh together. */
  | { readonly kind: 'median'; readonly unit: Int32Array; readonly values: Float64Array; readonly weights: Float64Array | undefined; readonly weightOf: Sums }


type Median = Extract<Tally, { kind: 'median' }>

export interface Sums {
  readonly kind: 'sums'
  readonly unit: Int32Array
  readonly width: number
  readonly values: Float64Array
  readonly isFinite: boolean
}

/** How many resamples are tallied at once: what is read of a cell serves all of them. */
export const ABREAST = 4

/** How often each unit counts in each of the resamples abreast: those of a unit lie side by side. */
export type Counts = Uint16Array

/** How many numbers a tally gives. */
export function widthOf(tally: Tally): number {
  return tally.kind === 'sums' ? tally.width : 1
}

/** How many cells one resample passes over. */
export function lengthOf(tally: Tally): number {
  return tally.kind === 'sums' ? tally.values.length : tally.kind === 'median' ? tally.unit.length : tally.cells.length
}

/** Where the numbers of a tally go: those of the first resample to `at`, those of each other one `stride` further on. */
export interface Into {
  readonly numbers: Float64Array
  readonly at: number
  readonly stride: number
}

export function tallyUp(tally: Tally, counts: Counts, into: Into): void {
  switch (tally.kind) {
    case 'sums':
      return tally.isFinite ? addUp(tally, counts, into) : addUpDrawn(tally, counts, into)
    case 'pairs':
      return tally.weights === undefined ? countPairs(tally.cells, counts, into) : countWeightedPairs(tally.cells, tally.weights, counts, into)
    case 'ties':
      return countTies(tally, counts, into)
    case 'precision':
      return addPrecisions(tally, counts, into)
    case 'median':
      return tally.weights === undefined ? findMedians(tally, counts, into) : findWeightedMedians(tally, tally.weights, counts, into)
  }
}

// Sums begin at -0, for that is a double: from 0 the engine would take them for integers, look for overflow at each step,
// and take three times as long.

function addUp({ unit, width, values }: Sums, counts: Counts, into: Into): void {
  for (let column = 0; column < width; column += 1) {
    const from = column * unit.length
    let first = -0
    let second = -0
    let third = -0
    let fourth = -0
    for (let cell = 0; cell < unit.length; cell += 1) {
      const at = (unit[cell] ?? 0) * ABREAST
      const value = values[from + cell] ?? 0
      first += (counts[at] ?? 0) * value
      second += (counts[at + 1] ?? 0) * value
      third += (counts[at + 2] ?? 0) * value
      fourth += (counts[at + 3] ?? 0) * value
    }
    putAll(into, column, first, second, third, fourth)
  }
}

function addUpDrawn({ unit, width, values }: Sums, counts: Counts, into: Into): void {
  for (let lane = 0; lane < ABREAST; lane += 1) {
    for (let column = 0; column < width; column += 1) {
      let sum = -0
      for (let cell = 0; cell < unit.length; cell += 1) {
        const times = counts[(unit[cell] ?? 0) * ABREAST + lane] ?? 0
        if (times > 0) sum += times * (values[column * unit.length + cell] ?? 0)
      }
      put(into, lane, sum, column)
    }
  }
}

function countPairs(cells: Int32Array, counts: Counts, into: Into): void {
  let first = -0
  let second = -0
  let third = -0
  let fourth = -0
  let beforeFirst = -0
  let beforeSecond = -0
  let beforeThird = -0
  let beforeFourth = -0
  for (let index = 0; index < cells.length; index += 1) {
    const cell = cells[index] ?? 0
    const at = (cell >>> 1) * ABREAST
    // Without a branch: classes come in no order that a processor could guess.
    const ifPositive = -(cell & 1)
    const timesFirst = counts[at] ?? 0
    const timesSecond = counts[at + 1] ?? 0
    const timesThird = counts[at + 2] ?? 0
    const timesFourth = counts[at + 3] ?? 0
    first += (timesFirst & ifPositive) * beforeFirst
    second += (timesSecond & ifPositive) * beforeSecond
    third += (timesThird & ifPositive) * beforeThird
    fourth += (timesFourth & ifPositive) * beforeFourth
    beforeFirst += timesFirst & ~ifPositive
    beforeSecond += timesSecond & ~ifPositive
    beforeThird += timesThird & ~ifPositive
    beforeFourth += timesFourth & ~ifPositive
  }
  putAll(into, 0, first, second, third, fourth)
}

function countWeightedPairs(cells: Int32Array, weights: Float64Array, counts: Counts, into: Into): void {
  let first = -0
  let second = -0
  let third = -0
  let fourth = -0
  let beforeFirst = -0
  let beforeSecond = -0
  let beforeThird = -0
  let beforeFourth = -0
  for (let index = 0; index < cells.length; index += 1) {
    const cell = cells[index] ?? 0
    const at = (cell >>> 1) * ABREAST
    const weight = weights[index] ?? 0
    const ifPositive = cell & 1
    const timesFirst = (counts[at] ?? 0) * weight
    const timesSecond = (counts[at + 1] ?? 0) * weight
    const timesThird = (counts[at + 2] ?? 0) * weight
    const timesFourth = (counts[at + 3] ?? 0) * weight
    first += timesFirst * ifPositive * beforeFirst
    second += timesSecond * ifPositive * beforeSecond
    third += timesThird * ifPositive * beforeThird
    fourth += timesFourth * ifPositive * beforeFourth
    beforeFirst += timesFirst - timesFirst * ifPositive
    beforeSecond += timesSecond - timesSecond * ifPositive
    beforeThird += timesThird - timesThird * ifPositive
    beforeFourth += timesFourth - timesFourth * ifPositive
  }
  putAll(into, 0, first, second, third, fourth)
}

function countTies({ cells, weights, ends }: Extract<Tally, { kind: 'ties' }>, counts: Counts, into: Into): void {
  let first = -0
  let second = -0
  let third = -0
  let fourth = -0
  let index = 0
  for (let tie = 0; tie < ends.length; tie += 1) {
    const end = ends[tie] ?? 0
    let allFirst = -0
    let allSecond = -0
    let allThird = -0
    let allFourth = -0
    let positiveFirst = -0
    let positiveSecond = -0
    let positiveThird = -0
    let positiveFourth = -0
    for (; index < end; index += 1) {
      const cell = cells[index] ?? 0
      const at = (cell >>> 1) * ABREAST
      const weight = weights[index] ?? 0
      const ifPositive = cell & 1
      const timesFirst = (counts[at] ?? 0) * weight
      const timesSecond = (counts[at + 1] ?? 0) * weight
      const timesThird = (counts[at + 2] ?? 0) * weight
      const timesFourth = (counts[at + 3] ?? 0) * weight
      allFirst += timesFirst
      allSecond += timesSecond
      allThird += timesThird
      allFourth += timesFourth
      positiveFirst += timesFirst * ifPositive
      positiveSecond += timesSecond * ifPositive
      positiveThird += timesThird * ifPositive
      positiveFourth += timesFourth * ifPositive
    }
    first += positiveFirst * (allFirst - positiveFirst)
    second += positiveSecond * (allSecond - positiveSecond)
    third += positiveThird * (allThird - positiveThird)
    fourth += positiveFourth * (allFourth - positiveFourth)
  }
  putAll(into, 0, first, second, third, fourth)
}

function addPrecisions({ cells, weights, ends }: Extract<Tally, { kind: 'precision' }>, counts: Counts, into: Into): void {
  for (let lane = 0; lane < ABREAST; lane += 1) {
    let sum = -0
    let all = -0
    let positives = -0
    let index = 0
    for (const end of ends) {
      let tied = -0
      let tiedPositives = -0
      for (; index < end; index += 1) {
        const cell = cells[index] ?? 0
        const times = (counts[(cell >>> 1) * ABREAST + lane] ?? 0) * (weights[index] ?? 0)
        tied += times
        tiedPositives += times * (cell & 1)
      }
      all += tied
      positives += tiedPositives
      if (tiedPositives > 0) sum += tiedPositives * (positives / all)
    }
    put(into, lane, sum)
  }
}

/** Two sums of the same weights differ by no more than this share. */
const ROUNDING = 1e-12

/** The value at which half of the weight is reached; where a value ends just there, the mean with the next one. */
function findWeightedMedians({ unit, values, weightOf }: Median, weights: Float64Array, counts: Counts, into: Into): void {
  const totals = new Float64Array(ABREAST)
  addUp(weightOf, counts, { numbers: totals, at: 0, stride: 1 })
  for (const [lane, total] of totals.entries()) put(into, lane, weightedMedian(unit, values, weights, counts, lane, total / 2))
}

function weightedMedian(unit: Int32Array, values: Float64Array, weights: Float64Array, counts: Counts, lane: number, half: number): number {
  if (half === 0) return Number.NaN
  let seen = -0
  let first: number | undefined
  for (let cell = 0; cell < unit.length; cell += 1) {
    const weight = (counts[(unit[cell] ?? 0) * ABREAST + lane] ?? 0) * (weights[cell] ?? 0)
    if (weight === 0) continue
    if (first !== undefined) return (first + (values[cell] ?? Number.NaN)) / 2
    seen += weight
    if (seen > half * (1 + ROUNDING)) return values[cell] ?? Number.NaN
    if (seen >= half * (1 - ROUNDING)) first = values[cell]
  }
  return first ?? Number.NaN
}

/** How many cells of a median are counted before it is looked whether it is among them. */
const BLOCK = 64

function findMedians({ unit, values, weightOf }: Median, counts: Counts, into: Into): void {
  const totals = new Float64Array(ABREAST)
  addUp(weightOf, counts, { numbers: totals, at: 0, stride: 1 })
  const seen = new Float64Array(ABREAST)
  const isFound = new Uint8Array(ABREAST)
  for (let from = 0; from < unit.length && isFound.includes(0); from += BLOCK) {
    const to = Math.min(unit.length, from + BLOCK)
    let first = 0
    let second = 0
    let third = 0
    let fourth = 0
    for (let cell = from; cell < to; cell += 1) {
      const at = (unit[cell] ?? 0) * ABREAST
      first += counts[at] ?? 0
      second += counts[at + 1] ?? 0
      third += counts[at + 2] ?? 0
      fourth += counts[at + 3] ?? 0
    }
    for (const [lane, inBlock] of [first, second, third, fourth].entries()) {
      const before = seen[lane] ?? 0
      const total = totals[lane] ?? 0
      seen[lane] = before + inBlock
      if (isFound[lane] === 1 || total === 0 || before + inBlock <= Math.floor((total - 1) / 2)) continue
      isFound[lane] = 1
      put(into, lane, medianFrom(unit, values, counts, lane, { cell: from, seen: before, total }))
    }
  }
  for (let lane = 0; lane < ABREAST; lane += 1) if (isFound[lane] === 0) put(into, lane, Number.NaN)
}

/** The median, which is not before some cell. */
function medianFrom(unit: Int32Array, values: Float64Array, counts: Counts, lane: number, from: { readonly cell: number; readonly seen: number; readonly total: number }): number {
  const timesOf = (cell: number): number => counts[(unit[cell] ?? 0) * ABREAST + lane] ?? 0
  const lower = Math.floor((from.total - 1) / 2)
  let { cell, seen } = from
  for (; seen <= lower; cell += 1) seen += timesOf(cell)
  const first = values[cell - 1] ?? Number.NaN
  if (from.total % 2 === 1 || seen > lower + 1) return first
  // The other one of the two in the middle is the next that was drawn.
  while (timesOf(cell) === 0) cell += 1
  return (first + (values[cell] ?? Number.NaN)) / 2
}

function putAll(into: Into, column: number, first: number, second: number, third: number, fourth: number): void {
  const { numbers, at, stride } = into
  numbers[at + column] = first
  numbers[at + column + stride] = second
  numbers[at + column + 2 * stride] = third
  numbers[at + column + 3 * stride] = fourth
}

function put({ numbers, at, stride }: Into, lane: number, number: number, column = 0): void {
  numbers[at + column + lane * stride] = number
}
