import type { StoredModel } from '../define/stored-definition.js'
import type { Rooms } from './run.js'

/** The Python by which a definition trains: what was made by it is opened by it, unless the model says otherwise. */
export function trainingInterpreter({ trainers }: Pick<Rooms, 'trainers'>, { train }: Pick<StoredModel, 'train'>): string | undefined {
  return trainers.get(train.kind)?.interpreter?.(train.options)
}
