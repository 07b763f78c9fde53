import { refitError } from '../../../errors.js'
import type { Signature } from '../../../packages/manifest.js'
import { requireCount } from '../../ask.js'
import { namedRows } from '../rows.js'
import type { Datatype, RequestTensor } from './wire.js'

/**
 * The rows that tensors hold: one tensor for each input of the model by its name, of shape [rows] or [rows, 1]; or one of
 * another name and shape [rows, inputs], in the order of the inputs. A null is a missing value.
 * @throws RefitError `input-invalid`, `request-invalid`, `rows-invalid`
 */
export function rowsOfTensors(signature: Signature, tensors: readonly RequestTensor[]): readonly unknown[] {
  const names = signature.inputs.map(({ name }) => name)
  const [first] = tensors
  if (first !== undefined && tensors.length === 1 && !names.includes(first.name)) return rowsOfMatrix(signature, first)
  const [rows = 0] = first?.shape ?? []
  requireCount(rows)
  const columns = new Map<string, readonly unknown[]>()
  for (const [place, tensor] of tensors.entries()) {
    const { name, shape } = tensor
    if (!names.includes(name)) throw refitError('input-invalid', { reason: `inputs[${place}] is named ${quoted(name)}, which is no input of the model; these are: ${names.join(', ')}.` })
    if (columns.has(name)) throw refitError('input-invalid', { reason: `${quoted(name)} is there twice.` })
    if (shape[0] !== rows || shape.slice(1).some((size) => size !== 1)) throw refitError('input-invalid', { reason: `${quoted(name)} has shape [${shape.join(', ')}], and not [${rows}] or [${rows}, 1].` })
    columns.set(name, valuesOf(tensor))
  }
  return Array.from({ length: rows }, (_, row) => Object.fromEntries([...columns].map(([name, values]) => [name, values[row]])))
}

function rowsOfMatrix(signature: Signature, tensor: RequestTensor): readonly unknown[] {
  const { name, shape } = tensor
  const width = signature.inputs.length
  const [rows = 0, columns = 1] = shape
  if (shape.length > 2 || columns !== width) {
    const names = signature.inputs.map((input) => input.name).join(', ')
    throw refitError('input-invalid', { reason: `${quoted(name)} has shape [${shape.join(', ')}]; the model takes one tensor of shape [rows, ${width}], or one of shape [rows] for each of: ${names}.` })
  }
  requireCount(rows)
  const values = valuesOf(tensor)
  return namedRows(
    signature,
    Array.from({ length: rows }, (_, row) => values.slice(row * width, (row + 1) * width)),
  )
}

/** The values of a tensor in one list, each of its datatype or null. @throws RefitError `input-invalid` */
function valuesOf({ name, shape, datatype, data }: RequestTensor): readonly unknown[] {
  const isFlat = !data.some((value) => Array.isArray(value))
  const values = isFlat ? data : flattened(name, data, shape)
  const count = shape.reduce((product, size) => product * size, 1)
  if (values.length !== count) throw refitError('input-invalid', { reason: `${quoted(name)} has ${values.length} values, and its shape [${shape.join(', ')}] asks for ${count}.` })
  const isOfType = checks[datatype]
  const wrong = values.findIndex((value) => value !== null && !isOfType(value))
  if (wrong !== -1) throw refitError('input-invalid', { reason: `${quoted(name)} is of datatype ${datatype}, and its value ${wrong} is ${shown(values[wrong])}.` })
  return values
}

/** As deep as the shape is, so that no body makes it go deeper. */
function flattened(name: string, data: readonly unknown[], shape: readonly number[]): readonly unknown[] {
  const [size, ...inner] = shape
  if (data.length !== size) throw refitError('input-invalid', { reason: `${quoted(name)} is nested in another way than its shape says.` })
  if (inner.length === 0) return data
  return data.flatMap((part) => {
    if (!Array.isArray(part)) throw refitError('input-invalid', { reason: `${quoted(name)} is nested in another way than its shape says.` })
    return flattened(name, part, inner)
  })
}

type Check = (value: unknown) => boolean

const isNumber: Check = (value) => typeof value === 'number'
const between =
  (least: number, most: number): Check =>
  (value) =>
    typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most

/** Beyond 2^53 a number of JSON is rounded; models take 64-bit floats anyway. */
const checks: Readonly<Record<Datatype, Check>> = {
  BOOL: (value) => typeof value === 'boolean',
  INT8: between(-128, 127),
  INT16: between(-32_768, 32_767),
  INT32: between(-(2 ** 31), 2 ** 31 - 1),
  INT64: between(-(2 ** 63), 2 ** 63),
  UINT8: between(0, 255),
  UINT16: between(0, 65_535),
  UINT32: between(0, 2 ** 32 - 1),
  UINT64: between(0, 2 ** 64),
  FP16: isNumber,
  FP32: isNumber,
  FP64: isNumber,
  BYTES: (value) => typeof value === 'string',
}

function quoted(name: string): string {
  return JSON.stringify(name.slice(0, 100))
}

function shown(value: unknown): string {
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'string') return `the text ${quoted(value)}`
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : 'an object'
}
