import { refitError, type RefitError } from '../errors.js'

/** What a row of `models` says of the end of its life. */
export interface RetiredColumns {
  readonly retired_at: Date | null
  readonly retired_by: string | null
  readonly retired_reason: string | null
}

/** The end of a model's life: since when, by whom and why. */
export interface Retirement {
  readonly at: Date
  readonly by: string
  readonly reason: string
}

/** Undefined while the model lives. */
export function retirementFrom({ retired_at: at, retired_by: by, retired_reason: reason }: RetiredColumns): Retirement | undefined {
  return at === null ? undefined : { at, by: by ?? '', reason: reason ?? '' }
}

export function retiredError(model: string, { at, by, reason }: Retirement): RefitError {
  return refitError('model-retired', { model, date: at.toISOString().slice(0, 10), by, reason })
}

/** @throws RefitError `model-retired` where the model's life has ended */
export function refuseRetired(model: string, row: RetiredColumns): void {
  const retirement = retirementFrom(row)
  if (retirement !== undefined) throw retiredError(model, retirement)
}
