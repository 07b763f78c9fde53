import type { StoredModel } from '../define/stored-definition.js'
import type { Trainer } from '../trainers/trainer.js'

/** What the verdict says where metrics weigh rows and the trainer could not. */
export function weightWarnings({ columns, train }: StoredModel, trainer: Pick<Trainer, 'weighs'> | undefined): readonly string[] {
  const weight = Object.entries(columns).find(([, { role }]) => role === 'weight')?.[0]
  if (weight === undefined || trainer === undefined || trainer.weighs) return []
  return [`Metrics weigh rows by ${weight}; ${train.kind} cannot weigh, so the model was trained on all rows alike.`]
}
