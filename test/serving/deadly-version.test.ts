import assert from 'node:assert/strict'
import { test } from 'node:test'
import pino from 'pino'
import { systemClock as clock } from '../../src/clock.js'
import { getChampion } from '../../src/registry/champion.js'
import { forcePromotion } from '../../src/registry/promotion.js'
import { getRollout } from '../../src/registry/rollout.js'
import { endServing, ensureServing } from '../../src/roles/serving-process.js'
import { supervise } from '../../src/roles/supervise.js'
import { callersSignature } from '../rollouts/bad-kinds.js'
import { championsOf, conductorOf } from '../rollouts/bad-versions.js'
import { predict, until } from './endpoint.js'
import { startPlatform } from './platform.js'

test('a version that ends the whole serving process as it is loaded is rolled back with the reason, and its champion answers again', async (t) => {
  const platform = await startPlatform()
  const { stateFolder, databaseUrl, database } = platform
  const settings = { stateFolder, databaseUrl, bind: '127.0.0.1', port: 0, hosts: [], origins: [] }
  const conductor = conductorOf(platform)
  let { url, pid } = await ensureServing(settings, '0.1.0')
  const pids = new Set([pid])
  // As the control server does.
  const supervisor = supervise(clock, pino({ enabled: false }), async () => {
    ({ url, pid } = await ensureServing(settings, '0.1.0'))
    pids.add(pid)
  })
  t.after(async () => {
    await supervisor.stop()
    await conductor.stop()
    await endServing(stateFolder)
    await platform.stop()
  })
  await championsOf(platform, url, ['price'])
  const { version } = await platform.addModule('price', `process.kill(process.pid, 'SIGKILL')\nexport const load = () => ({ predict: (rows) => rows.map(() => 1) })`, callersSignature)
  const into = await forcePromotion(database, clock, { model: 'price', version, actor: 'test', reason: 'past the check' })
  assert.ok('rollout' in into)
  const { number } = into.rollout
  await until('the rollout has ended', async () => (await getRollout(database, 'price', number)).endedAt !== undefined)
  const { state, explanation } = await getRollout(database, 'price', number)
  assert.deepEqual([state, (await getChampion(database, 'price'))?.version], ['rolled-back', 1], explanation)
  assert.match(explanation ?? '', /It cannot answer: The model cannot be loaded: the serving process has ended 2 times/)
  // One that ends before it has said where it answers is not among them.
  assert.ok(pids.size > 1, 'it was never started again')
  const rows = [{ rooms: 4, district: 'north' }]
  await until('the champion answers', async () => (await predict(url, 'price', rows).catch(() => undefined))?.status === 200)
  assert.deepEqual((await predict(url, 'price', rows)).json, { model: 'price', version: 1, predictions: [401] })
})
