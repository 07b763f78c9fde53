import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Signature, SignatureColumn } from '../src/packages/manifest.js'
import { adapterOf } from '../src/predictors/recognise.js'
import { predictors } from '../src/roles/predictors.js'

/** A model of King County's house prices, and rows to ask it for. */
export interface ServedModel {
  readonly format: 'ydf' | 'onnx'
  /** The one file of the model, and its name in a package. */
  readonly file: string
  readonly content: Buffer
  /** Leaves it in a folder as packaging does, with what its format keeps beside it. */
  readonly leave: (folder: string) => Promise<void>
  readonly signature: Signature
  readonly rows: readonly Readonly<Record<string, number | string>>[]
}

const houses = fileURLToPath(new URL('../../../shared/data/king-county-house-sales.csv', import.meta.url))
/** Every fifth house is asked for and not trained on. */
const ASKED_EVERY = 5

/** Trains it with Yggdrasil, in a process of its own: 17,290 rows, 18 features, 6 seconds. */
export async function yggdrasilHouses(): Promise<ServedModel> {
  return made('ydf', 'model.ydf.zip', process.execPath, [fileURLToPath(new URL('../../bench/train-ydf.mjs', import.meta.url))], 'zipcode')
}

/** Trains 300 trees with scikit-learn and writes them as ONNX; takes a Python that has both, and skl2onnx. */
export async function onnxHouses(python: string): Promise<ServedModel> {
  return made('onnx', 'model.onnx', python, [fileURLToPath(new URL('../../bench/train-onnx.py', import.meta.url))])
}

/** A model of scikit-learn's in the three forms that are served. */
export interface ScikitModel {
  /** As ONNX. */
  readonly served: ServedModel
  /** Holds the others; whoever asked for it removes it. */
  readonly folder: string
  readonly joblib: string
  /** A model folder of MLflow's. */
  readonly mlflow: string
}

/** The same 300 trees as ONNX, as scikit-learn has them, and as MLflow saves them. */
export async function scikitHouses(python: string): Promise<ScikitModel> {
  const folder = await mkdtemp(join(tmpdir(), 'refit-bench-scikit-'))
  const served = await made('onnx', 'model.onnx', python, [fileURLToPath(new URL('../../bench/train-onnx.py', import.meta.url))], undefined, [folder])
  return { served, folder, joblib: join(folder, 'model.joblib'), mlflow: join(folder, 'mlflow') }
}

async function made(format: ServedModel['format'], file: string, command: string, parameters: readonly string[], category?: string, more: readonly string[] = []): Promise<ServedModel> {
  const folder = await mkdtemp(join(tmpdir(), 'refit-bench-model-'))
  try {
    execFileSync(command, [...parameters, houses, join(folder, file), ...more], { stdio: ['ignore', 'ignore', 'inherit'] })
    const { names, rows } = readHouses()
    const inputs = names.map((name): SignatureColumn => ({ name, type: name === category ? 'category' : 'number', optional: false }))
    const signature: Signature = { task: 'regression', inputs, target: 'price', classes: [] }
    await adapterOf(predictors, format).finish(folder, signature)
    const files = await Promise.all((await readdir(folder)).map(async (name) => [name, await readFile(join(folder, name))] as const))
    return {
      format,
      file,
      content: await readFile(join(folder, file)),
      leave: async (target) => {
        for (const [name, content] of files) await writeFile(join(target, name), content)
      },
      signature,
      rows: rows.filter((_, row) => row % ASKED_EVERY === 0).map((row) => Object.fromEntries(names.map((name) => [name, name === category ? `c${row[name]}` : Number(row[name])]))),
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Rows of the file as texts, and the columns that are features. */
function readHouses(): { readonly names: readonly string[]; readonly rows: readonly Readonly<Record<string, string>>[] } {
  const [head = '', ...lines] = readFileSync(houses, 'utf8').trim().split('\n')
  const all = head.split(',')
  const rows = lines.map((line) => Object.fromEntries(line.split(',').map((value, at) => [all[at] ?? '', value])))
  return { names: all.filter((name) => !['id', 'date', 'price'].includes(name)), rows }
}
