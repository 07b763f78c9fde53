import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { createProject, until } from '../../support/running-project.js'
import { DROPS, MODEL, deliveries, smallProject } from '../../support/small-project.js'
import { readProcessNote } from '../../../src/roles/state.js'
import { send } from '../endpoint.js'
import { startContainer } from './container.js'

test('the only model of a project answers at /invocations in the dialect that its definition names, and its package does in a container', async (t) => {
  const project = await createProject(smallProject({ definition: "dialect: 'sagemaker'," }))
  t.after(() => project.close())
  await project.up()
  await project.put(`${DROPS}/week-01.csv`, deliveries(1))
  assert.equal((await project.ended(`${MODEL}-1`)).outcome, 'promoted')
  const post = async (body: string, contentType: string): ReturnType<typeof send> => {
    const note = await readProcessNote(project.stateFolder, 'serving')
    return send(`${note?.url ?? ''}/invocations`, { method: 'POST', headers: { 'content-type': contentType }, body })
  }
  await until('the model serves', async () => ((await project.predict(MODEL, [{ distance_km: 100 }]))?.status === 200 ? true : undefined))
  const answered = (await project.predict(MODEL, [{ distance_km: 100 }]))?.body
  assert.ok(typeof answered === 'object' && answered !== null && 'predictions' in answered)
  const expected = answered.predictions
  assert.deepEqual((await post('100\n', 'text/csv')).json, { predictions: expected })

  // Its package, as it is downloaded, in a container.
  const control = await readProcessNote(project.stateFolder, 'control')
  const archive = await fetch(`${control?.url ?? ''}/api/v1/models/${MODEL}/versions/1/package`)
  const folder = join(project.folder, 'container', 'model')
  await mkdir(folder, { recursive: true })
  await writeFile(join(project.folder, 'model.tar'), Buffer.from(await archive.arrayBuffer()))
  assert.equal(spawnSync('tar', ['-xf', join(project.folder, 'model.tar'), '-C', folder]).status, 0)
  const container = await startContainer((port) => ({ SAGEMAKER_BASE_DIR: join(project.folder, 'container'), SAGEMAKER_BIND_TO_PORT: port }), '/ping', ['--bind', '127.0.0.1'])
  t.after(() => container.stop())
  assert.deepEqual((await container.post('/invocations', '100\n', { 'content-type': 'text/csv' })).json, { predictions: expected })

  await project.down()
  const { 'refit.config.ts': config = '' } = smallProject()
  await project.put('refit.config.ts', config)
  await project.up()
  await until('the model serves again', async () => ((await project.predict(MODEL, [{ distance_km: 100 }]))?.status === 200 ? true : undefined))
  assert.equal((await post('100\n', 'text/csv')).status, 400)
  assert.deepEqual((await post('distance_km\n100\n', 'text/csv')).json, { predictions: expected })
})
