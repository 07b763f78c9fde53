import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { openDuckDb, text } from '../../src/data/duckdb.js'
import type { Sets } from '../../src/data/snapshot.js'
import type { StoredModel } from '../../src/define/stored-definition.js'
import { buildPackage } from '../../src/packages/build.js'
import type { Signature } from '../../src/packages/manifest.js'
import { modelNamed } from './stored-models.js'

/** A regression of the price of sales, each with a key, by columns of which `age` is another at each delivery. */
export const salesModel: StoredModel = modelNamed('sales', {
  columns: {
    sale: { type: 'text', role: 'key', optional: false },
    area: { type: 'number', role: 'feature', optional: false },
    age: { type: 'number', role: 'feature', optional: false },
    price: { type: 'number', role: 'target', optional: false },
  },
  check: [{ kind: 'champion', metric: 'mae', comparison: 'notWorse', margin: { relative: 0.03 } }],
})

/** A package whose predictor is a module: `answer` is what it says of a row, as an expression of `area` and `age`; `before` comes first. */
export async function salesPackage(folder: string, name: string, answer: string, before = ''): Promise<string> {
  const at = join(folder, name)
  await mkdir(at, { recursive: true })
  await writeFile(join(at, 'predictor.mjs'), `export const load = () => ({ predict: (rows) => {\n${before}\nreturn rows.map(({ area, age }) => ${answer})\n} })\n`)
  const signature: Signature = { task: 'regression', inputs: [{ name: 'area', type: 'number', optional: false }, { name: 'age', type: 'number', optional: false }], target: 'price', classes: [] }
  await buildPackage(at, { format: 'module', signature, prepare: undefined })
  return at
}

/** Writes rows, given as SQL, to a Parquet file. */
export async function writeRows(file: string, rows: string): Promise<string> {
  const connection = await openDuckDb({ memoryBytes: 5e8, spillFolder: `${file}.spill` })
  await connection.run(`copy (${rows}) to ${text(file)} (format parquet)`)
  connection.closeSync()
  return file
}

/** Sets of which only the test set is there: rows, given as SQL, with the drop that they are of. */
export async function testSetOf(folder: string, rows: string, count: number): Promise<Sets> {
  await mkdir(join(folder, 'test'), { recursive: true })
  await writeRows(join(folder, 'test', 'test.parquet'), rows)
  return {
    folder,
    rows: { train: 1000, validation: 100, test: count },
    units: { train: 1000, test: count },
    leakage: { groupsOnBothSides: 0, duplicateRowsAcrossSides: 0, warnings: [] },
    baseline: { kind: 'mean', value: 2000 },
  }
}
