import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { Type, type Static, type TNull, type TOptional, type TSchema, type TUnion } from 'typebox'
import { Value } from 'typebox/value'
import { parse } from 'yaml'
import { refitError } from '../errors.js'

/** What MLflow leaves beside a model. */
export const ML_MODEL_FILE = 'MLmodel'

const LARGEST_BYTES = 1024 * 1024

const Content = Type.Object({
  flavors: Type.Record(Type.String(), Type.Unknown()),
  run_id: Type.Optional(Type.Union([Type.String(), Type.Null()])),
  signature: Type.Optional(Type.Union([Type.Object({ inputs: Type.Optional(Type.Union([Type.String(), Type.Null()])) }), Type.Null()])),
})
const Inputs = Type.Array(Type.Object({ name: Type.Optional(Type.String()), type: Type.Optional(Type.Unknown()) }))
const Flavor = Type.Object({ data: Type.Optional(Type.String()) })
const nullable = <T extends TSchema>(schema: T): TOptional<TUnion<[T, TNull]>> => Type.Optional(Type.Union([schema, Type.Null()]))
const Sklearn = Type.Object({
  pickled_model: Type.String(),
  serialization_format: nullable(Type.String()),
  skops_trusted_types: nullable(Type.Array(Type.String())),
  code: nullable(Type.String()),
})

/** An `MLmodel` file, as far as it matters here. */
export interface MlModel {
  readonly flavors: readonly string[]
  readonly run: string | undefined
  /** Names of the columns that it says the model takes, in their order. */
  readonly inputs: readonly string[] | undefined
  /** Where a flavor says that its data lies, relative to the folder. */
  dataOf(flavor: string): string | undefined
  /** The file of a model of scikit-learn, where it needs no code of its own. */
  readonly sklearn: SklearnFile | undefined
}

/** How the file of a model of scikit-learn is loaded. */
export interface SklearnFile {
  /** Relative to the folder. */
  readonly path: string
  /** `pickle`, `cloudpickle` or `skops`. */
  readonly format: string
  /** Types that whoever saved it trusts, besides those that skops does. */
  readonly trusted: readonly string[]
}

/** The `MLmodel` file of a folder; undefined where there is none. @throws RefitError `upload-unfit` */
export async function readMlModel(folder: string): Promise<MlModel | undefined> {
  const file = join(folder, ML_MODEL_FILE)
  const bytes = await stat(file).then(({ size }) => size, () => undefined)
  if (bytes === undefined) return undefined
  if (bytes > LARGEST_BYTES) throw refitError('upload-unfit', { reason: `its ${ML_MODEL_FILE} has ${bytes} bytes` })
  const { flavors, run_id: run, signature } = await contentOf(file)
  return {
    flavors: Object.keys(flavors),
    run: run ?? undefined,
    inputs: namesOf(signature?.inputs ?? undefined),
    dataOf: (flavor) => (Value.Check(Flavor, flavors[flavor]) ? flavors[flavor].data : undefined),
    sklearn: sklearnFileOf(flavors['sklearn']),
  }
}

async function contentOf(file: string): Promise<Static<typeof Content>> {
  try {
    const content: unknown = parse(await readFile(file, 'utf8'), { maxAliasCount: 0 })
    if (Value.Check(Content, content)) return content
  } catch (error) {
    throw refitError('upload-unfit', { reason: `its ${ML_MODEL_FILE} is not YAML` }, { cause: error })
  }
  throw refitError('upload-unfit', { reason: `its ${ML_MODEL_FILE} names no flavors` })
}

function sklearnFileOf(flavor: unknown): SklearnFile | undefined {
  if (!Value.Check(Sklearn, flavor) || typeof flavor.code === 'string') return undefined
  return { path: flavor.pickled_model, format: flavor.serialization_format ?? 'pickle', trusted: flavor.skops_trusted_types ?? [] }
}

/** MLflow keeps the inputs as JSON within the YAML. The name of a tensor is none of a column. */
function namesOf(json: string | undefined): readonly string[] | undefined {
  if (json === undefined) return undefined
  try {
    const inputs: unknown = JSON.parse(json)
    if (!Value.Check(Inputs, inputs) || inputs.some(({ type }) => type === 'tensor')) return undefined
    const names = inputs.flatMap(({ name }) => name ?? [])
    return names.length === inputs.length && names.length > 0 ? names : undefined
  } catch (error) {
    throw refitError('upload-unfit', { reason: `the signature in its ${ML_MODEL_FILE} is not JSON` }, { cause: error })
  }
}
