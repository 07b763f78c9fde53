import { isTimeout, messageOf, shown } from '../prepare/foreign-value.js'
import { createRealm, type Realm } from '../prepare/realm.js'
import type { CustomFigures } from './scored.js'

/** A module of the user's own that measures rows, loaded. */
export interface CustomModule {
  /** What a row adds to the sums. */
  readonly row: (truth: unknown, prediction: unknown, columns: object) => unknown
  /** The metric of the sums; absent: their weighted mean. */
  readonly total: ((sums: readonly number[], weight: number) => unknown) | undefined
  readonly within: Realm['within']
}

const LONGEST_TOTAL_MS = 1000

/** @throws Error that says why it is no module that measures */
export function loadCustomModule(code: string, file: string): CustomModule {
  const realm = createRealm('measured')
  let exported: object
  try {
    exported = realm.load(code, file)
  } catch (error) {
    throw new Error(`it throws when it is loaded: ${messageOf(error)}`, { cause: error })
  }
  const row: unknown = Reflect.get(exported, 'row')
  const total: unknown = Reflect.get(exported, 'total')
  if (typeof row !== 'function') throw new Error('it exports no function `row`')
  if (total !== undefined && typeof total !== 'function') throw new Error('the `total` that it exports is no function')
  return {
    row: (...given): unknown => Reflect.apply(row, undefined, given),
    total: total === undefined ? undefined : (...given): unknown => Reflect.apply(total, undefined, given),
    within: realm.within,
  }
}

/** Of a metric that could not be measured: undefined on all rows. */
export function unmeasurable(reason: string): CustomFigures {
  return { width: 0, values: new Float64Array(), total: () => Number.NaN, reason: () => reason }
}

/** What was measured of each row, with the module that makes a metric of its sums. */
export function customFigures(module: CustomModule, width: number, values: Float64Array): CustomFigures {
  const { total } = module
  if (total === undefined) return { width, values, total: ([sum = Number.NaN], weight) => sum / weight, reason: () => undefined }
  let reason: string | undefined
  let calls = 0
  const totalled = (sums: readonly number[], weight: number): number => {
    let value: unknown
    try {
      // A time limit is a thread a call: the first one tells whether it comes to an end at all.
      if (calls === 0) module.within(LONGEST_TOTAL_MS, () => (value = total([...sums], weight)))
      else value = total([...sums], weight)
    } catch (error) {
      reason ??= isTimeout(error) ? `total takes longer than ${LONGEST_TOTAL_MS} milliseconds` : `total throws ${messageOf(error)}`
      return Number.NaN
    } finally {
      calls += 1
    }
    if (typeof value === 'number' && Number.isFinite(value)) return value
    reason ??= `total returns ${shown(value)}, and must return a number`
    return Number.NaN
  }
  return { width, values, total: totalled, reason: () => reason }
}

/** What `row` gave is no number, or no such numbers as before. */
export class UnfitNumbers extends Error {}

/** The numbers that `row` gave. @throws UnfitNumbers */
export function numbersOf(given: unknown, hasTotal: boolean): readonly number[] {
  if (!Array.isArray(given)) return [numberOf(given, 'a number, or an array of them')]
  if (given.length === 0) throw new UnfitNumbers('row returns an empty array')
  if (given.length > 1 && !hasTotal) throw new UnfitNumbers('row returns several numbers, and there is no `total` that makes one of their sums')
  return Array.from(given, (each: unknown) => numberOf(each, 'numbers'))
}

function numberOf(value: unknown, what: string): number {
  if (typeof value !== 'number' || !Number.isFinite(value)) throw new UnfitNumbers(`row returns ${shown(value)}, and must return ${what}`)
  return value
}
