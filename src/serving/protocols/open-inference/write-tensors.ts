import { refitError } from '../../../errors.js'
import type { Signature } from '../../../packages/manifest.js'
import type { Answered } from '../../ask.js'
import { hasNumericLabels, plainPredictions } from '../predictions.js'
import type { Datatype, ResponseTensor, TensorMetadata } from './wire.js'

/** The prediction of each row, as KServe's servers call it. */
const PREDICTIONS = 'output-0'
/** Of a classification: one column a class. */
const PROBABILITIES = 'probabilities'

const inputDatatypes = { number: 'FP64', category: 'BYTES', boolean: 'BOOL' } as const satisfies Record<Signature['inputs'][number]['type'], Datatype>

export function inputMetadata({ inputs }: Signature): readonly TensorMetadata[] {
  return inputs.map(({ name, type }) => ({ name, datatype: inputDatatypes[type], shape: [-1] }))
}

export function outputMetadata(signature: Signature): readonly TensorMetadata[] {
  const predictions: TensorMetadata = { name: PREDICTIONS, datatype: predictionDatatype(signature), shape: [-1] }
  if (signature.task === 'regression') return [predictions]
  return [predictions, { name: PROBABILITIES, datatype: 'FP64', shape: [-1, signature.classes.length], parameters: classesOf(signature) }]
}

/** The outputs that are asked for, in that order, else all of them. @throws RefitError `input-invalid` for an unknown one */
export function outputTensors(answered: Answered, wanted: readonly { readonly name: string }[] | undefined): readonly ResponseTensor[] {
  const all = outputMetadata(answered.signature).map((output) => ({ ...output, shape: [answered.predictions.length, ...output.shape.slice(1)], data: dataOf(output.name, answered) }))
  if (wanted === undefined || wanted.length === 0) return all
  return wanted.map(({ name }) => {
    const output = all.find((each) => each.name === name)
    if (output === undefined) throw refitError('input-invalid', { reason: `The model has no output ${JSON.stringify(name.slice(0, 100))}; it has: ${all.map((each) => each.name).join(', ')}.` })
    return output
  })
}

function dataOf(name: string, answered: Answered): readonly (number | string)[] {
  if (name === PREDICTIONS) return plainPredictions(answered)
  const { classes } = answered.signature
  return answered.predictions.flatMap((prediction) => (typeof prediction === 'number' ? [] : classes.map((label) => prediction.probabilities[label] ?? 0)))
}

function predictionDatatype(signature: Signature): Datatype {
  return signature.task === 'regression' ? 'FP64' : hasNumericLabels(signature) ? 'INT64' : 'BYTES'
}

/** The protocol's parameters are texts, numbers or booleans: the labels stand there as JSON. */
function classesOf({ classes }: Signature): Readonly<Record<string, string>> {
  return { classes: JSON.stringify(classes) }
}
