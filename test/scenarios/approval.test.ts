import assert from 'node:assert/strict'
import { test } from 'node:test'
import { refit } from '../cli/refit-process.js'
import { createProject, until } from '../support/running-project.js'
import { deliveries, DROPS, MODEL, smallProject } from '../support/small-project.js'

test('a version waits for someone without holding anything up; what nobody answers in time is declined by itself', async (t) => {
  const project = await createProject({ ...smallProject({ definition: "approval: { when: 'always', expires: '1 second' }," }), [`${DROPS}/1.csv`]: deliveries(1) })
  t.after(() => project.close())
  await project.up()
  const ask = (...commandLine: readonly string[]): ReturnType<typeof refit> => refit(commandLine, { folder: project.folder })
  await project.ended(`${MODEL}-1`)
  const expired = await until('the approval to expire', async () => {
    const run = await project.api().run(`${MODEL}-1`)
    return run.outcome === 'rejected' ? run : undefined
  })
  assert.equal(expired.explanation, 'Version 1 was not approved in time: its approval has expired.')
  assert.match((await ask('versions')).out, / {2}1 +expired/)
  const late = await ask('approve', `${MODEL}-1`)
  assert.equal(late.code, 1)
  assert.match(late.error, /does not await approval; its outcome is: rejected/)
  const refused = await ask('promote', MODEL, '1')
  assert.match(refused.error, /may not serve: its state is expired/)

  const config = (smallProject({ definition: "approval: { when: 'always', expires: '14 days' }," }))['refit.config.ts'] ?? ''
  await project.put('refit.config.ts', config)
  await project.down()
  await project.up()
  const waiting = await ask('run', '--force')
  assert.equal(waiting.code, 5, waiting.out)
  await project.kill()
  await project.up()
  const approved = await ask('approve', `${MODEL}-2`, '--reason', 'looked at it')
  assert.match(approved.out, /Version 2 is champion/)
  assert.match((await ask('show', MODEL)).out, /✓ promoted {2}delivery-time-2.*\n {2}Version 2 was approved by cli:\w+: looked at it\./)
  assert.match((await ask('versions')).out, /2 +serves.*approve by cli:\w+: looked at it/)
})
