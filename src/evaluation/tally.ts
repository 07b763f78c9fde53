/**
 * What a resample is reduced to, in typed arrays alone, so that any thread can do it. The work of one resample is one
 * pass over these arrays, from their beginning to their end, whatever thread does it: floating-point sums come out the
 * same to the last bit.
 */
export type Tally =
  /** Sums over the units: `values` has `width` of them for each cell, and a cell is a unit with rows. */
  | { readonly kind: 'sums'; readonly unit: Int32Array; readonly width: number; readonly values: Float64Array }
  /**
   * Pairs of a positive and a negative row that are in order, ties counting half; then the positive and the negative
   * rows. Cells are in the order of their score; each is a unit and two bits: 2 for positive, 1 for the last of a tie.
   */
  | { readonly kind: 'pairs'; readonly cells: Int32Array; readonly weights: Float64Array | undefined }
  /** The median of `values`, which are sorted, each as often as its unit counts; NaN of nothing. */
  | { readonly kind: 'median'; readonly unit: Int32Array; readonly values: Float64Array; readonly rowsOfUnit: Float64Array }

/** How often each unit counts. */
export type Counts = Uint16Array

/** How many numbers a tally gives. */
export function widthOf(tally: Tally): number {
  switch (tally.kind) {
    case 'sums':
      return tally.width
    case 'pairs':
      return 3
    case 'median':
      return 1
  }
}

/** How many cells one resample passes over. */
export function lengthOf(tally: Tally): number {
  return tally.kind === 'pairs' ? tally.cells.length : tally.unit.length
}

/** Writes what a tally gives for some counts to `into`, from `at` on. */
export function tallyUp(tally: Tally, counts: Counts, into: Float64Array, at: number): void {
  switch (tally.kind) {
    case 'sums':
      return addUp(tally, counts, into, at)
    case 'pairs':
      return countPairs(tally, counts, into, at)
    case 'median':
      into[at] = medianOf(tally, counts)
  }
}

function addUp({ unit, width, values }: Extract<Tally, { kind: 'sums' }>, counts: Counts, into: Float64Array, at: number): void {
  into.fill(0, at, at + width)
  for (let cell = 0; cell < unit.length; cell += 1) {
    const times = counts[unit[cell] ?? 0] ?? 0
    // A unit that is not drawn must not spoil the sum with its NaN.
    if (times === 0) continue
    const from = cell * width
    for (let index = 0; index < width; index += 1) into[at + index] = (into[at + index] ?? 0) + times * (values[from + index] ?? 0)
  }
}

function countPairs({ cells, weights }: Extract<Tally, { kind: 'pairs' }>, counts: Counts, into: Float64Array, at: number): void {
  let negatives = 0
  let positives = 0
  let wins = 0
  let tiedPositives = 0
  let tied = 0
  for (let cell = 0; cell < cells.length; cell += 1) {
    const code = cells[cell] ?? 0
    const count = counts[code >>> 2] ?? 0
    const times = weights === undefined ? count : count * (weights[cell] ?? 0)
    // Without a branch: classes come in no order that a processor could guess.
    tied += times
    tiedPositives += times * ((code >>> 1) & 1)
    if ((code & 1) === 1) {
      const tiedNegatives = tied - tiedPositives
      wins += tiedPositives * (negatives + tiedNegatives / 2)
      negatives += tiedNegatives
      positives += tiedPositives
      tied = 0
      tiedPositives = 0
    }
  }
  into[at] = wins
  into[at + 1] = positives
  into[at + 2] = negatives
}

function medianOf({ unit, values, rowsOfUnit }: Extract<Tally, { kind: 'median' }>, counts: Counts): number {
  let total = 0
  for (let index = 0; index < rowsOfUnit.length; index += 1) total += (counts[index] ?? 0) * (rowsOfUnit[index] ?? 0)
  if (total === 0) return Number.NaN
  const lower = Math.floor((total - 1) / 2)
  let cell = 0
  let seen = 0
  for (; seen <= lower; cell += 1) seen += counts[unit[cell] ?? 0] ?? 0
  const first = values[cell - 1] ?? Number.NaN
  if (total % 2 === 1 || seen > lower + 1) return first
  // The other one of the two in the middle is the next that was drawn.
  while ((counts[unit[cell] ?? 0] ?? 0) === 0) cell += 1
  return (first + (values[cell] ?? Number.NaN)) / 2
}
