import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import type { RunDetail } from '../../src/api/wire/run.js'
import { packModel } from '../../src/cli/pack-model.js'
import { createProject, until, type RunningProject } from '../support/running-project.js'
import { deliveries, DROPS, MODEL, smallProject } from '../support/small-project.js'
import { assertCarriedThrough, type Expected } from './carried-through.js'

const stages = ['ingest', 'split', 'train', 'check', 'version', 'deploy'] as const

interface Kill {
  readonly offer: 'promotion' | 'adoption'
  readonly stage: (typeof stages)[number]
  readonly moment: 'before the commit of' | 'inside'
}

/** From the last stage to the first, as in boundaries.test.ts; what is unpacked and packaged is killed within that too. */
const kills: readonly Kill[] = (['promotion', 'adoption'] as const).flatMap((offer) => [
  ...stages.toReversed().map((stage): Kill => ({ offer, stage, moment: 'before the commit of' })),
  { offer, stage: offer === 'adoption' ? 'train' : 'check', moment: 'inside' },
])

describe('everything killed at once and started again while a run checks the candidate that it was offered', () => {
  let project: RunningProject
  let pausingAt: string | undefined
  const candidates = new Map<Kill['offer'], string | undefined>()

  const up = async (pauseAt: string | undefined): Promise<void> => {
    pausingAt = pauseAt
    await project.up(pauseAt === undefined ? {} : { pauseAt })
  }
  const ensureUp = async (pauseAt: string | undefined): Promise<void> => {
    if (pausingAt === pauseAt && (await project.pids('control')).length > 0) return
    await project.kill('control')
    await up(pauseAt)
  }
  /** Asks for the version before the champion's, or brings the prototype. */
  const ask = async (offer: Kill['offer']): Promise<string> => {
    const { champion } = await project.api().model(MODEL)
    if (offer === 'promotion') return (await project.api().requestPromotion(MODEL, champion?.version === 1 ? 2 : 1)).run.id
    const { content } = await packModel(join(project.folder, 'prototype'), join(project.folder, 'keys.csv'))
    return (await project.api().adopt(MODEL, { reason: 'in use', path: 'prototype' }, content)).run.id
  }
  const undisturbed = async (offer: Kill['offer']): Promise<RunDetail> => project.ended(await ask(offer))

  before(async () => {
    project = await createProject({
      ...smallProject(),
      [`${DROPS}/1.csv`]: deliveries(1),
      'prototype/predictor.mjs': smallProject()['predictor.ts'] ?? '',
      'prototype/line.json': JSON.stringify({ slope: 0.08, intercept: 12 }),
      'keys.csv': 'order_id\no1-0\n',
    })
    await up(undefined)
    await project.ended(`${MODEL}-1`)
    await project.ended((await project.api().requestRun(MODEL, { force: true })).run.id)
    for (const offer of ['promotion', 'adoption'] as const) {
      const run = await undisturbed(offer)
      assert.equal(run.outcome, 'promoted', run.explanation)
      candidates.set(offer, run.candidate)
    }
  })
  after(() => project.close())

  for (const [index, kill] of kills.entries()) {
    const { offer, stage, moment } = kill
    test(`${offer}, ${moment} ${stage}: it ends as it would have, once`, async () => {
      await ensureUp(pauseOf(kill))
      const known = (await project.api().versions(MODEL)).versions.length
      const run = await ask(offer)
      if (moment === 'inside') await until(`a process of ${run} in ${stage}`, async () => ((await project.processesOf(run, stage)).length > 0 ? true : undefined), 2)
      else await project.paused()
      await project.kill()
      await up(stage === 'ingest' || moment === 'inside' ? undefined : pauseOf(kills[index + 1]))
      const expected: Expected = { outcome: 'promoted', stages, candidate: candidates.get(offer), makesVersion: offer === 'adoption' }
      await assertCarriedThrough(project, run, expected)
      assert.equal((await project.api().versions(MODEL)).versions.length, known + (offer === 'adoption' ? 1 : 0))
    })
  }

  test('a rollback goes back step by step below what was promoted and adopted', async () => {
    const moves = (await project.api().championMoves(MODEL)).map(({ version }) => version)
    const [present, before] = moves
    assert.notEqual(present, before)
    assert.equal((await project.api().rollback(MODEL, {})).version, before)
  })
})

function pauseOf(kill: Kill | undefined): string | undefined {
  return kill === undefined || kill.moment === 'inside' ? undefined : `${kill.stage}:before-commit`
}
