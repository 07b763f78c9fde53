import assert from 'node:assert/strict'
import type { EventRecord } from '../../src/api/wire/event.js'
import { until, type RunningProject } from '../support/running-project.js'
import { DROPS, MODEL } from '../support/small-project.js'

/** What a run gives when nothing happens to it. */
export interface Expected {
  readonly outcome: string | undefined
  readonly stages: readonly string[]
  /** Digest of the candidate. */
  readonly candidate: string | undefined
  /** Digest of the version, where that is not the candidate's. */
  readonly digest?: string | undefined
  /** False where the candidate is a version already. Default: true. */
  readonly makesVersion?: boolean
}

/** A run that nobody disturbs, by default a forced one of the present data. */
export async function undisturbed(project: RunningProject, id?: string): Promise<Expected> {
  const { outcome, stages, candidate, version } = await project.ended(id ?? (await project.api().requestRun(MODEL, { force: true })).run.id)
  const made = version === undefined ? undefined : (await project.api().version(MODEL, version)).digest
  return { outcome, stages: stages.map(({ name }) => name), candidate, ...(made === undefined || made === candidate ? {} : { digest: made }) }
}

/** The run has ended as expected, everything of it happened once, and nothing of it is left running. */
export async function assertCarriedThrough(project: RunningProject, id: string, expected: Expected): Promise<void> {
  const run = await project.ended(id)
  const { outcome, stages, candidate } = expected
  assert.deepEqual({ outcome: run.outcome, stages: run.stages.map(({ name }) => name), candidate: run.candidate }, { outcome, stages, candidate }, run.explanation)
  assert.deepEqual(
    run.attempts.filter(({ state }) => state === 'running'),
    [],
    'no attempt is left running',
  )
  await assertOnce(project, id, expected)
  await assertNoDropLost(project)
  await assertServed(project)
  assert.deepEqual(await project.pids('children'), [], 'no process of a run is left')
}

/** One event a stage, one end, one version, one move of the champion. */
async function assertOnce(project: RunningProject, id: string, { stages, candidate, digest = candidate, makesVersion = true }: Expected): Promise<void> {
  const told = await eventsOf(project, id)
  const finished = told.filter(({ kind }) => kind === 'stage.finished').map(({ data }) => data['stage'])
  assert.deepEqual(finished, stages, 'every stage has finished once')
  assert.equal(told.filter(({ kind }) => kind === 'run.ended').length, 1, 'it has ended once')
  const { versions } = await project.api().versions(MODEL, { limit: 100 })
  const made = versions.filter(({ run }) => run === id).map(({ digest: registered }) => registered)
  assert.deepEqual(made, makesVersion && stages.includes('version') ? [digest] : [], 'it has made one version')
  const moves = await project.api().championMoves(MODEL)
  assert.equal(moves.filter(({ run }) => run === id).length, stages.includes('deploy') ? 1 : 0, 'the champion has moved once')
}

async function eventsOf(project: RunningProject, run: string): Promise<readonly EventRecord[]> {
  const all: EventRecord[] = []
  for (let cursor: string | undefined; ; ) {
    const { events, after } = await project.api().events({ run, after: cursor })
    all.push(...events)
    if (events.length === 0 || after === undefined) return all
    cursor = after
  }
}

/** Every file that arrived is one drop, and each was ingested. */
export async function assertNoDropLost(project: RunningProject): Promise<void> {
  const { drops } = await project.api().drops(MODEL, { limit: 100 })
  const seen = drops.map(({ key, state }) => `${key} ${state}`).toSorted()
  const arrived = (await project.files(DROPS)).map((name) => `${name} ingested`).toSorted()
  assert.deepEqual(seen, arrived, 'every drop was ingested, once')
}

/** Serving comes to answer from the champion that the registry names, in the very bytes that are registered. */
export async function assertServed(project: RunningProject): Promise<void> {
  const { champion } = await project.api().model(MODEL)
  assert.ok(champion !== undefined, 'there is a champion')
  const { digest } = await project.api().version(MODEL, champion.version)
  const served = await until('serving to follow the champion', async () => {
    const answer = await project.serving(`/models/${MODEL}`)
    const version = fieldOf(answer?.body, 'version')
    return answer?.status === 200 && version === champion.version ? answer.body : undefined
  })
  assert.equal(fieldOf(served, 'digest'), digest, 'the digest that serves is the one that is registered')
}

function fieldOf(body: unknown, name: string): unknown {
  return typeof body === 'object' && body !== null ? Reflect.get(body, name) : undefined
}
