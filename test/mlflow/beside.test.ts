import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Type } from 'typebox'
import { Value } from 'typebox/value'
import { readProcessNote } from '../../src/roles/state.js'
import { createProject } from '../support/running-project.js'
import { smallProject } from '../support/small-project.js'
import { ask, type Answer } from './running-mlflow.js'

const api = '/api/2.0/mlflow'
const file = '/api/2.0/mlflow-artifacts/artifacts'
const Run = Type.Object({ run: Type.Object({ info: Type.Object({ run_id: Type.String(), artifact_uri: Type.String() }), data: Type.Object({ metrics: Type.Optional(Type.Array(Type.Object({ key: Type.String(), value: Type.Number() }))) }) }) })
const Created = Type.Object({ run: Type.Object({ info: Type.Object({ run_id: Type.String(), artifact_uri: Type.String() }) }) })

test("a project offers MLflow's API on its control server, and what was answered is there after kill -9 of everything", async () => {
  const project = await createProject(smallProject())
  try {
    await project.up()
    const url = async (): Promise<string> => (await readProcessNote(project.stateFolder, 'control'))?.url ?? ''
    const call = async (method: string, path: string, body?: unknown): Promise<Answer> => ask(await url(), method, path, body)
    const { run } = Value.Parse(Created, (await call('POST', `${api}/runs/create`, { experiment_id: '0' })).body)
    const { run_id } = run.info
    const artifact = `${file}${run.info.artifact_uri.replace('mlflow-artifacts:', '')}/model.bin`
    const content = 'x'.repeat(100_000)
    assert.equal((await call('PUT', artifact, content)).status, 200)
    // The last batch is perhaps under way at the kill: it is there whole or not at all.
    const batch = (number: number): Promise<Answer> =>
      call('POST', `${api}/runs/log-batch`, { run_id, metrics: Array.from({ length: 500 }, (_, step) => ({ key: `m${number}`, value: step, timestamp: 1, step })), params: [{ key: `p${number}`, value: '1' }] })
    assert.equal((await batch(0)).status, 200)
    const cut = batch(1).catch(() => undefined)
    await project.kill()
    const answered = (await cut)?.status === 200
    await project.up()
    assert.deepEqual([(await call('GET', artifact)).text === content, (await call('GET', `${api}/experiments/get?experiment_id=0`)).status], [true, 200])
    const { metrics = [] } = Value.Parse(Run, (await call('GET', `${api}/runs/get?run_id=${run_id}`)).body).run.data
    const keys = metrics.map(({ key }) => key)
    assert.ok(keys.includes('m0') && (!answered || keys.includes('m1')), keys.join())
    for (const key of keys) {
      const { body } = await call('GET', `${api}/metrics/get-history?run_id=${run_id}&metric_key=${key}`)
      assert.equal(Value.Parse(Type.Object({ metrics: Type.Array(Type.Unknown()) }), body).metrics.length, 500, key)
    }
    // The control API beside it is as it was.
    assert.equal((await call('GET', '/api/v1/health')).status, 200)
    const openApi = await call('GET', '/api/v1/openapi.json')
    assert.ok(openApi.status === 200 && !openApi.text.includes('/mlflow'))
  } finally {
    await project.close()
  }
})
