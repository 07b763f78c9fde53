import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { RefitError } from '../errors.js'
import { readMlModel, type MlModel } from './ml-model.js'

async function read(context: TestContext, content: string): Promise<MlModel | undefined> {
  const folder = await mkdtemp(join(tmpdir(), 'refit-ml-model-'))
  context.after(() => rm(folder, { recursive: true, force: true }))
  await writeFile(join(folder, 'MLmodel'), content)
  return readMlModel(folder)
}

/** As mlflow.onnx.log_model writes it, shortened. */
const logged = `artifact_path: model
flavors:
  onnx:
    code: null
    data: model.onnx
    onnx_version: 1.17.0
    providers:
    - CPUExecutionProvider
  python_function:
    env:
      conda: conda.yaml
    loader_module: mlflow.onnx
mlflow_version: 2.19.0
model_uuid: 4f8c7a
run_id: 6a2b0c
signature:
  inputs: '[{"type": "double", "name": "rooms", "required": true}, {"type": "string", "name": "city", "required": true}]'
  outputs: '[{"type": "tensor", "tensor-spec": {"dtype": "float32", "shape": [-1, 1]}}]'
  params: null
utc_time_created: '2026-11-02 10:11:12.131415'
`

test('flavors, run, data and columns are read from what MLflow writes', async (context) => {
  const model = await read(context, logged)
  assert.deepEqual([model?.flavors, model?.run, model?.inputs, model?.dataOf('onnx'), model?.dataOf('sklearn')], [['onnx', 'python_function'], '6a2b0c', ['rooms', 'city'], 'model.onnx', undefined])
})

test('without a signature, with one of tensors, and as Refit writes it, nothing is made up', async (context) => {
  assert.equal((await read(context, 'flavors: {onnx: {data: model.onnx}}\nsignature: null\n'))?.inputs, undefined)
  assert.equal((await read(context, `flavors: {onnx: {}}\nsignature: {inputs: '[{"name": "X", "type": "tensor", "tensor-spec": {"dtype": "float32", "shape": [-1, 2]}}]'}\n`))?.inputs, undefined)
  const own = await read(context, JSON.stringify({ flavors: { refit: { format: 'ydf' } }, signature: { inputs: JSON.stringify([{ name: 'rooms', type: 'double', required: true }]) } }))
  assert.deepEqual([own?.flavors, own?.run, own?.inputs], [['refit'], undefined, ['rooms']])
})

test('what is no YAML, names no flavors, or would unfold without end is refused', async (context) => {
  const bomb = `a: &a [x, x]\nb: &b [*a, *a]\nflavors: {onnx: {data: *b}}\n`
  for (const content of ['flavors: [', 'just text', 'run_id: 1', bomb, `flavors: {}\n${'#'.repeat(1024 * 1024)}`, `flavors: {onnx: {}}\nsignature: {inputs: '[{'}`]) {
    await assert.rejects(read(context, content), (error) => error instanceof RefitError && error.code === 'upload-unfit', content.slice(0, 40))
  }
})
