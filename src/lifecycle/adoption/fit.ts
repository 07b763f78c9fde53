import { modelColumns } from '../../define/resolve-prepare.js'
import type { StoredModel } from '../../define/stored-definition.js'
import { refitError } from '../../errors.js'
import type { Signature, SignatureColumn } from '../../packages/manifest.js'
import { inputsOf } from '../../prepare/package-prepare.js'
import type { Unpacked } from './unpacked.js'

type Definition = Pick<StoredModel, 'name' | 'task' | 'columns' | 'prepare'>

/** What there is for a model to take, in the order of the definition: its features, prepared where they are. */
export function featuresOf(definition: Definition): SignatureColumn[] {
  return inputsOf(modelColumns(definition))
}

/**
 * The columns that a brought model takes, in its order: those that it names, else all features.
 * @throws RefitError `candidate-unfit` for one that is no feature
 */
export function columnsTaken(definition: Definition, { inputs, width }: Pick<Unpacked, 'inputs' | 'width'>): readonly SignatureColumn[] {
  const features = featuresOf(definition)
  const byName = new Map(features.map((column) => [column.name, column]))
  const refuse = (reason: string): Error => refitError('candidate-unfit', { what: 'What was brought', model: definition.name, reason })
  const missing = (inputs ?? []).filter((name) => !byName.has(name))
  if (missing.length > 0) {
    const left = features.filter(({ name }) => inputs?.includes(name) !== true).map(({ name }) => name)
    const besides = left.length === 0 ? '' : `; and it does not take ${left.join(', ')}, which the definition has`
    throw refuse(`it takes ${missing.join(', ')}, which the definition does not have as a feature${besides}`)
  }
  const taken = inputs === undefined ? features : inputs.flatMap((name) => byName.get(name) ?? [])
  if (width !== undefined && width !== taken.length) throw refuse(`it takes rows of ${width} values, and there are ${taken.length} columns for it: ${taken.map(({ name }) => name).join(', ')}`)
  return taken
}

/**
 * Requires that a model can be asked with the rows of the definition: for a column that it does not get it would be judged,
 * and serve, by less than it had.
 * @throws RefitError `candidate-unfit`
 */
export function requireFit(definition: Definition, signature: Signature, what: string): void {
  const refuse = (reason: string): Error => refitError('candidate-unfit', { what, model: definition.name, reason })
  if (signature.task !== definition.task) throw refuse(`it is a ${signature.task}, the definition asks for a ${definition.task}`)
  const target = Object.entries(definition.columns).find(([, { role }]) => role === 'target')?.[0] ?? ''
  if (signature.target !== target) throw refuse(`it predicts ${signature.target}, and the definition ${target}`)
  const features = new Map(inputsOf(definition.columns).map((column) => [column.name, column]))
  const missing = signature.inputs.filter(({ name }) => !features.has(name)).map(({ name }) => name)
  if (missing.length > 0) throw refuse(`it takes ${missing.join(', ')}, which the definition does not have as a feature`)
  const other = signature.inputs.filter(({ name, type }) => features.get(name)?.type !== type).map(({ name, type }) => `${name} as a ${type}`)
  if (other.length > 0) throw refuse(`it takes ${other.join(', ')}, which the definition has as another type`)
}
