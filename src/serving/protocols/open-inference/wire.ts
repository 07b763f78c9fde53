import { Type, type Static } from 'typebox'

/** Names and bodies of the Open Inference Protocol, version 2, over REST. */

const integers = ['INT8', 'INT16', 'INT32', 'INT64', 'UINT8', 'UINT16', 'UINT32', 'UINT64'] as const
const floats = ['FP16', 'FP32', 'FP64'] as const
export const datatypes = ['BOOL', ...integers, ...floats, 'BYTES'] as const

export type Datatype = (typeof datatypes)[number]
export const Datatype = Type.Unsafe<Datatype>({ type: 'string', enum: [...datatypes] })

const Parameters = Type.Record(Type.String(), Type.Unknown())

/** Tensors of more dimensions than this have no meaning for a model of rows and columns. */
const MOST_DIMENSIONS = 8

export const RequestTensor = Type.Object({
  name: Type.String(),
  shape: Type.Array(Type.Integer({ minimum: 0 }), { minItems: 1, maxItems: MOST_DIMENSIONS }),
  datatype: Datatype,
  parameters: Type.Optional(Parameters),
  data: Type.Array(Type.Unknown(), { description: 'Row-major, flat or nested as the shape is' }),
})
export type RequestTensor = Static<typeof RequestTensor>

export const InferRequest = Type.Object({
  id: Type.Optional(Type.String()),
  parameters: Type.Optional(Parameters),
  inputs: Type.Array(RequestTensor, { minItems: 1 }),
  outputs: Type.Optional(Type.Array(Type.Object({ name: Type.String(), parameters: Type.Optional(Parameters) }))),
})
export type InferRequest = Static<typeof InferRequest>

export interface ResponseTensor {
  readonly name: string
  readonly shape: readonly number[]
  readonly datatype: Datatype
  readonly parameters?: Readonly<Record<string, string>>
  readonly data: readonly (number | string)[]
}

/** A tensor of a model's description; -1 stands for any number of rows. */
export interface TensorMetadata {
  readonly name: string
  readonly datatype: Datatype
  readonly shape: readonly number[]
  readonly parameters?: Readonly<Record<string, string>>
}
