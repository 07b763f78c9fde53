import { Type, type Static } from 'typebox'
import { SplitInput } from './split-job.js'

const { parts, columns, delivery, window, split, holdout, memoryBytes, outputFolder } = SplitInput.properties

/** What the child that gathers every row is given: the split says which rows have no place in time. */
export const EveryRowInput = Type.Object({ parts, columns, delivery, window, split, holdout, memoryBytes, outputFolder })

/**
 * The rows of a second training (EVIDENCE rule 14): all but those held out in `train`, none in `validation`, as the sets of
 * a first one have them.
 */
export const EveryRow = Type.Object({
  folder: Type.String(),
  rows: Type.Integer(),
  /** The newest time among them, where the model has a time column. */
  trainedUntil: Type.Optional(Type.String()),
})
export type EveryRow = Static<typeof EveryRow>
