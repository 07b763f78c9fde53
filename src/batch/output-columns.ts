import type { Signature } from '../packages/manifest.js'

/** Why a row has no prediction; null where it has one. */
export const ERROR_COLUMN = 'refit_error'
const PREDICTION_COLUMN = 'refit_prediction'

/** A column that scoring adds. */
export interface OutputColumn {
  readonly name: string
  readonly type: 'DOUBLE' | 'VARCHAR'
}

/**
 * The columns that scoring adds to a file, in their order: the prediction, of a classification the probability of each
 * class, and why there is none. Names that begin so are Refit's, so a file that was scored before is scored anew.
 */
export function outputColumns({ task, classes }: Pick<Signature, 'task' | 'classes'>): readonly OutputColumn[] {
  const error: OutputColumn = { name: ERROR_COLUMN, type: 'VARCHAR' }
  if (task === 'regression') return [{ name: PREDICTION_COLUMN, type: 'DOUBLE' }, error]
  return [{ name: PREDICTION_COLUMN, type: 'VARCHAR' }, ...distinctNames(classes).map((name): OutputColumn => ({ name, type: 'DOUBLE' })), error]
}

/** A name for the probability of each class. Files know no upper from lower case in names: the second of two alike gets a number. */
function distinctNames(classes: readonly string[]): readonly string[] {
  const taken = new Set<string>()
  return classes.map((label) => {
    const plain = `refit_probability_${label}`
    let name = plain
    for (let number = 2; taken.has(name.toLowerCase()); number += 1) name = `${plain}_${number}`
    taken.add(name.toLowerCase())
    return name
  })
}
