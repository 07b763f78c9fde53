import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { refitError } from '../errors.js'
import { createLiveSet, type LiveSetOptions } from './live-set.js'
import { createSideBySide, type SideBySide, type SideBySideOptions } from './side-by-side.js'
import type { Challenger } from './trial.js'
import { openUncleanEnds, type UncleanEnds } from './unclean-ends.js'

const challenger: Challenger = { rollout: 'm-r1', version: 2, digest: '2', step: 0, share: 0.5 }

interface Stage {
  readonly sideBySide: SideBySide
  /** Why what answers has ended by itself. */
  ended: string | undefined
  /** Whether packages cannot be had at the moment. */
  away: boolean
  /** Digests in the order in which they were loaded. */
  readonly loaded: readonly string[]
  /** What is written down of the rollout as the reason of its failure. */
  readonly failed: () => readonly (string | undefined)[]
}

/** Version 1 of a model is live. */
async function stageOf(options: Partial<Pick<SideBySideOptions, 'uncleanEnds' | 'patienceMs'>> = {}): Promise<Stage> {
  const loaded: string[] = []
  const stage = { ended: undefined as string | undefined, away: false, loaded }
  const versions: LiveSetOptions = {
    now: () => new Date(),
    log: { warn: (message) => assert.fail(message) },
    fetchPackage: (digest) => {
      if (stage.away) return Promise.reject(refitError('object-missing', { key: digest }))
      return Promise.resolve({ folder: digest, manifest: { formatVersion: 1, format: 'test', signature: { task: 'regression', inputs: [], target: 'y', classes: [] }, files: [] } })
    },
    load: (folder) => {
      loaded.push(folder)
      return Promise.resolve({
        predict: ({ rows }) => Promise.resolve({ task: 'regression', values: new Float64Array(rows) }),
        close: () => Promise.resolve(),
        whyEnded: () => (folder === '2' ? stage.ended : undefined),
      })
    },
  }
  const live = createLiveSet(versions)
  await live.swap({ model: 'm', version: 1, generation: 1, digest: '1' })
  const sideBySide = createSideBySide({ live, beside: createLiveSet(versions), log: versions.log, ...options })
  return Object.assign(stage, { sideBySide, failed: () => sideBySide.takeSeen().map(({ figures }) => figures.failed) })
}

test('a version that ends between two requests, and is replaced before the next, fails its rollout all the same', async () => {
  const stage = await stageOf()
  const { sideBySide, failed } = stage
  await sideBySide.tryOut('m', challenger)
  await sideBySide.use('m', (_, predictor) => predictor.predict({ rows: 1, columns: {} }))
  assert.deepEqual(failed(), [undefined])
  stage.ended = 'it took 3000 MB of memory, 1200 MB are allowed'
  assert.deepEqual(failed(), ['The model ended while it was asked: it took 3000 MB of memory, 1200 MB are allowed'])
})

test('one that ends just before its rollout does is told of too', async () => {
  const stage = await stageOf()
  await stage.sideBySide.tryOut('m', challenger)
  stage.ended = 'it ended by SIGSEGV'
  stage.sideBySide.endTrial('m')
  assert.deepEqual(stage.failed(), ['The model ended while it was asked: it ended by SIGSEGV'])
})

test('a package that cannot be had is waited for, but not for ever', async () => {
  const patient = await stageOf()
  patient.away = true
  await assert.rejects(patient.sideBySide.tryOut('m', challenger), { code: 'object-missing' })
  assert.deepEqual(patient.failed(), [])
  patient.away = false
  await patient.sideBySide.tryOut('m', challenger)
  assert.equal(patient.sideBySide.trials().size, 1)

  const impatient = await stageOf({ patienceMs: -1 })
  impatient.away = true
  await assert.rejects(impatient.sideBySide.tryOut('m', challenger), { code: 'object-missing' })
  assert.equal(impatient.failed().length, 1)
  assert.match(impatient.failed()[0] ?? '', /\b2\b/)
})

const log = { warn: (message: string) => assert.fail(message) }

async function fileOf(context: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'refit-unclean-'))
  context.after(() => rm(folder, { recursive: true }))
  return join(folder, 'unclean-ends.json')
}

/** What the next process finds, when this one has just ended. */
const startedAgain = (file: string): Promise<UncleanEnds> => openUncleanEnds(file, log)

test('a version with which the process has ended twice is not loaded a third time, and its rollout says why', async (context) => {
  const file = await fileOf(context)
  for (const ends of [0, 1]) {
    const stage = await stageOf({ uncleanEnds: await startedAgain(file) })
    await stage.sideBySide.tryOut('m', challenger)
    assert.deepEqual([stage.loaded, stage.failed()], [['1', '2'], []], `after ${ends} ends`)
  }
  const stage = await stageOf({ uncleanEnds: await startedAgain(file) })
  await assert.rejects(stage.sideBySide.tryOut('m', challenger), { code: 'model-unreadable' })
  assert.deepEqual([stage.loaded, stage.failed()], [['1'], ['The model cannot be loaded: the serving process has ended 2 times while it was loaded, or answered']])
  // The next rollout, be it of the same version, begins with nothing against it.
  await stage.sideBySide.tryOut('m', { ...challenger, rollout: 'm-r2' })
  assert.deepEqual(stage.loaded, ['1', '2'])
})

test('ends that the process was asked for, and those after the rollout, count for nothing; tries in one process count once', async (context) => {
  const file = await fileOf(context)
  const first = await startedAgain(file)
  await first.begin('m-r1')
  await first.begin('m-r1')
  const second = await startedAgain(file)
  assert.equal(second.of('m-r1'), 1)
  await second.begin('m-r1')
  await second.begin('n-r1')
  await second.end('m-r1')
  const third = await startedAgain(file)
  assert.deepEqual([third.of('m-r1'), third.of('n-r1')], [0, 1])
  await third.begin('n-r1')
  await third.endAll()
  assert.equal((await startedAgain(file)).of('n-r1'), 0)
})
