import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Sets } from '../../src/data/snapshot.js'
import { connect } from '../../src/database/connection.js'
import type { AdapterReference, StoredModel } from '../../src/define/stored-definition.js'
import type { Executor } from '../../src/executors/executor.js'
import { attemptLog } from '../../src/lifecycle/folders.js'
import type { Ingested } from '../../src/lifecycle/ingested.js'
import type { Rooms } from '../../src/lifecycle/run.js'
import { train } from '../../src/lifecycle/train.js'
import { systemClock } from '../../src/clock.js'
import { filesystemObjects } from '../../src/objects/filesystem/adapter.js'
import { executor as localExecutor, trainers } from '../../src/roles/adapters.js'

export interface Training {
  readonly projectFolder: string
  readonly definition: StoredModel
  readonly sets: Sets
  readonly trainer: AdapterReference
  readonly limits?: Partial<StoredModel['limits']>
  /** Attempts have folders of their own. */
  readonly attempt?: number
  /** The machine's, unless somebody looks on. */
  readonly executor?: Executor
}

/** An attempt at the stage `train`, on sets that have been cut. */
export interface TrainingAttempt {
  /** What the trainer left, packaged once it has ended well. */
  readonly modelFolder: string
  readonly attemptFolder: string
  readonly token: string
  /** Rejects as the stage does. */
  readonly done: Promise<unknown>
  log(): Promise<string>
}

export function startTraining({ projectFolder, definition, sets, trainer, limits = {}, attempt: number = 1, executor = localExecutor }: Training, signal: AbortSignal = new AbortController().signal): TrainingAttempt {
  const stateFolder = join(projectFolder, '.refit')
  const run = `${definition.name}-1`
  const token = `${stateFolder}/${run}/train/${number}`
  const rooms: Rooms = {
    // Only the commit of a stage speaks to the database, and here nothing is committed.
    database: connect('postgres://localhost/none', { applicationName: 'test' }).database,
    objects: filesystemObjects(join(stateFolder, 'objects')),
    clock: systemClock,
    executor,
    trainers,
    environmentsUnderWay: new Map(),
    childEntries: { package: new URL('../../src/roles/package-child.bundle.js', import.meta.url), check: new URL('../../src/roles/check-child.js', import.meta.url), rule: new URL('../../src/roles/own-rule-child.bundle.js', import.meta.url), refitted: new URL('../../src/roles/refitted-child.bundle.js', import.meta.url), unpack: new URL('../../src/roles/unpack-child.bundle.js', import.meta.url) },
    projectFolder,
    stateFolder,
    refitVersion: '0.1.0',
  }
  const changed: StoredModel = { ...definition, train: trainer, limits: { ...definition.limits, ...limits } }
  const done = train(rooms, { id: run, model: definition.name, definition: changed, definitionHash: '', force: false }, ingested, sets, { run, stage: 'train', number, token, signal })
  // Whoever waits for it sees the failure; until then nobody does.
  done.catch(() => undefined)
  const attemptFolder = join(stateFolder, 'work', run, `train-${number}`)
  return { modelFolder: join(attemptFolder, 'model'), attemptFolder, token, done, log: () => readFile(attemptLog(stateFolder, run, 'train', number), 'utf8') }
}

export const SEED = 1234

const ingested: Ingested = {
  snapshot: 'snapshot',
  rows: 0,
  drops: { ingested: [], quarantined: [], discarded: [], superseded: [] },
  history: [],
  fingerprint: '',
  seed: SEED,
  code: { hash: '' },
  environment: { refit: '0.1.0', node: process.version, platform: process.platform },
}
