import { refitError } from '../../errors.js'
import type { Signature } from '../../packages/manifest.js'
import type { Predictions } from '../predictor.js'

/**
 * What Yggdrasil answers as predictions: of two classes it tells the second alone.
 * @throws RefitError `prediction-invalid`
 */
export function toPredictions({ task, classes }: Signature, rows: number, raw: ArrayLike<number>): Predictions {
  if (task === 'regression') {
    if (raw.length !== rows) throw refitError('prediction-invalid', { reason: `${raw.length} values for ${rows} rows` })
    return { task, values: new Float64Array(raw) }
  }
  if (raw.length === rows * classes.length) return { task, probabilities: new Float64Array(raw) }
  if (raw.length !== rows || classes.length !== 2) throw refitError('prediction-invalid', { reason: `${raw.length} values for ${rows} rows of ${classes.length} classes` })
  const probabilities = new Float64Array(rows * 2)
  for (let row = 0; row < rows; row += 1) {
    const second = raw[row] ?? Number.NaN
    probabilities[row * 2] = 1 - second
    probabilities[row * 2 + 1] = second
  }
  return { task, probabilities }
}
