import assert from 'node:assert/strict'
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { PREPARE_FILE, type PackageManifest, type SignatureColumn } from '../packages/manifest.js'
import { moduleModel } from './module/adapter.js'
import { onnx } from './onnx/adapter.js'
import { openPackage } from './open-package.js'

const fixtures = fileURLToPath(new URL('../../../test/fixtures/models', import.meta.url))
const number = (name: string): SignatureColumn => ({ name, type: 'number', optional: false })
const garden: SignatureColumn = { name: 'garden', type: 'boolean', optional: false }

/** Asked for sides and a note, of which the model gets the area and whether there is a garden. */
const manifest = (format: string): PackageManifest => ({
  formatVersion: 2,
  format,
  signature: { task: 'regression', inputs: [number('width'), number('length'), { name: 'note', type: 'category', optional: true }], target: 'price', classes: [] },
  prepare: { outputs: [number('area'), garden], features: [number('area'), garden] },
  files: [],
})
const asked = { rows: 3, columns: { width: [5, 10, 12.5], length: [10, 12, 8], note: ['garden', null, 'a garden too'] } }
const prepared = { rows: 3, columns: { area: [50, 120, 100], garden: [true, false, true] } }
const code = `module.exports = { default: ({ width, length, note }) => ({ area: width * length, garden: note !== null && note.includes('garden') }) }`

async function folderWith(context: TestContext, prepare: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'refit-prepared-'))
  context.after(() => rm(folder, { recursive: true, force: true }))
  await copyFile(join(fixtures, 'matrix-regression.onnx'), join(folder, 'model.onnx'))
  await writeFile(join(folder, 'predictor.mjs'), `export const load = () => ({ predict: (rows) => rows.map((row) => Object.keys(row).join() === 'area,garden' ? row.area + (row.garden ? 0.5 : 0) : 1 / 0) })`)
  await writeFile(join(folder, PREPARE_FILE), prepare)
  return folder
}

for (const adapter of [onnx, moduleModel]) {
  test(`${adapter.format}: the model of a package that prepares gets its own features alone, as if they had been sent`, async (context) => {
    const folder = await folderWith(context, code)
    const { prepare, ...plain } = manifest(adapter.format)
    const outer = await openPackage([onnx, moduleModel], folder, { ...plain, ...(prepare === undefined ? {} : { prepare }) })
    const inner = await openPackage([onnx, moduleModel], folder, { ...plain, signature: { ...plain.signature, inputs: [number('area'), garden] } })
    assert.deepEqual(await outer.predict(asked), await inner.predict(prepared))
    await outer.close()
    await inner.close()
    await assert.rejects(outer.predict(asked), /closed/)
  })
}

test('a row that is not prepared is named, and the rows of other requests are answered', async (context) => {
  const folder = await folderWith(context, `module.exports = { default: ({ width, length }) => ({ area: width * length, garden: width < 10 || undefined }) }`)
  const predictor = await openPackage([onnx], folder, manifest('onnx'))
  context.after(() => predictor.close())
  await assert.rejects(predictor.predict(asked), { code: 'row-not-prepared', status: 500, message: 'rows[1] of the request cannot be prepared for the model: garden is missing, and is not optional.' })
  assert.equal((await predictor.predict({ rows: 1, columns: { width: [5], length: [10], note: [null] } })).task, 'regression')
})

test('a package whose preparation is missing or broken cannot be loaded', async (context) => {
  for (const broken of ['', 'module.exports = {}', 'syntax error', `throw new Error('never')`]) {
    await assert.rejects(openPackage([onnx], await folderWith(context, broken), manifest('onnx')), { code: 'model-unreadable' }, broken)
  }
  const without = await folderWith(context, code)
  await rm(join(without, PREPARE_FILE))
  await assert.rejects(openPackage([onnx], without, manifest('onnx')), { code: 'model-unreadable' })
})
