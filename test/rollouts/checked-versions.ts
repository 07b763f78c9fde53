import assert from 'node:assert/strict'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { RolloutDetail } from '../../src/api/wire/rollout.js'
import type { RunDetail } from '../../src/api/wire/run.js'
import { packModel } from '../../src/cli/pack-model.js'
import { RefitError } from '../../src/errors.js'
import { xoshiro128 } from '../../src/evaluation/random.js'
import { buildPackage } from '../../src/packages/build.js'
import { readProcessNote } from '../../src/roles/state.js'
import { untilLive } from '../serving/endpoint.js'
import { createProject, until, type RunningProject } from '../support/running-project.js'
import { smallProject } from '../support/small-project.js'
import { callersSignature, FEWEST_REQUESTS, goodVersion, MOST_MEGABYTES, MOST_ROOMS, priceOf, SHARES, STEP_SECONDS, type MadeVersion } from './bad-kinds.js'
import { failedBeside, type Traffic } from './traffic.js'

const ROWS = 600
const KEYS = 'trained-on.csv'

/** A project of several models, each with a good version as champion. */
export interface CheckedModels {
  readonly project: RunningProject
  /** Where callers ask. */
  readonly url: string
}

/** What became of a version that was brought. */
export interface Brought {
  /** Where it was stopped: told at once, by its verdict, or in the first step of its rollout; undefined where not in time. */
  readonly caught: 'its columns' | 'check' | 'rollout' | undefined
  /** Why, in the words that its owner reads. */
  readonly explanation: string
  /** Of its rollout, milliseconds, and the requests that it was asked in it. */
  readonly lasted?: number
  readonly requests?: number
  readonly champion: number | undefined
  /** Of callers on the champion's side, while it was brought. */
  readonly failedBeside: number
}

/** Runs a project as its owner would: `refit up`, a drop of houses, and a champion for each model. */
export async function startCheckedModels(models: readonly string[], seed: number): Promise<CheckedModels> {
  const { 'trainer.ts': trainer = '', 'predictor.ts': predictor = '' } = smallProject()
  const project = await createProject({ 'refit.config.ts': configOf(models), 'trainer.ts': trainer, 'predictor.ts': predictor, 'drops/houses.csv': houses(seed), [KEYS]: 'id\nof-another-town\n' })
  try {
    await project.up()
    for (const model of models) await until(`the drop of ${model}`, async () => ((await project.api().drops(model)).drops.length === 1 ? true : undefined))
    const url = (await readProcessNote(project.stateFolder, 'serving'))?.url
    assert.ok(url !== undefined)
    await Promise.all(
      models.map(async (model) => {
        const run = await ended(project, (await adopt(project, model, goodVersion(callersSignature))).run.id)
        assert.equal(run.outcome, 'promoted', run.explanation)
        await untilLive(url, model, 1)
      }),
    )
    return { project, url }
  } catch (error) {
    await project.close()
    throw error
  }
}

/** Many runs wait for each other, and those who look at them take nothing from them. */
const LONG_MS = 600_000
const LOOK_MS = 200

function ended(project: RunningProject, id: string): Promise<RunDetail> {
  const look = async (): Promise<RunDetail | undefined> => {
    const run = await project.api().run(id)
    return run.state === 'ended' ? run : undefined
  }
  return until(`the end of ${id}`, look, LOOK_MS, LONG_MS)
}

function configOf(models: readonly string[]): string {
  return `
import { byGroup, canary, column, defineModel, defineProject, folder, module } from 'refit'

const price = () => defineModel({
  task: 'regression',
  columns: { id: column.key(), rooms: column.number({ min: 0 }), district: column.category(), price: column.target({ min: 0 }) },
  source: folder('drops'),
  contract: { plausibility: 'off' },
  split: byGroup({ test: '25%' }),
  train: module('trainer.ts', { predictor: 'predictor.ts' }),
  check: (m) => [m.mape.atMost(0.25), m.mape.notWorseThanChampion({ relative: 0.03 })],
  deploy: canary({ steps: [${SHARES.map((share) => `'${share * 100}%'`).join(', ')}], for: '${STEP_SECONDS} seconds', minimumRequests: ${FEWEST_REQUESTS}, memory: '${MOST_MEGABYTES} MB' }),
  triggers: [],
})

export default defineProject({ models: { ${models.map((model) => `'${model}': price()`).join(', ')} } })
`
}

/** Houses with their prices, off by up to a tenth. */
function houses(seed: number): string {
  const draw = xoshiro128(seed)
  const lines = Array.from({ length: ROWS }, (_, row) => {
    const rooms = 1 + (draw() % MOST_ROOMS)
    return `h${row},${rooms},${draw() % 2 === 0 ? 'north' : 'south'},${(priceOf(rooms) * (0.9 + (0.2 * draw()) / 2 ** 32)).toFixed(2)}`
  })
  return `id,rooms,district,price\n${lines.join('\n')}\n`
}

let folders = 0

/** As `refit adopt` does; that it was trained on houses of another town makes every row count. */
async function adopt(project: RunningProject, model: string, { source, signature }: MadeVersion): ReturnType<ReturnType<RunningProject['api']>['adopt']> {
  folders += 1
  const folder = join(project.folder, 'brought', String(folders))
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'predictor.mjs'), source)
  await buildPackage(folder, { format: 'module', signature })
  const { content } = await packModel(folder, join(project.folder, KEYS))
  try {
    return await project.api().adopt(model, { reason: 'it looks good', path: folder }, content)
  } finally {
    await rm(folder, { recursive: true })
  }
}

/** Brings a version, whose run checks it beside the champion, and waits until nothing of it is under way any more. */
export async function bringVersion({ project, url }: CheckedModels, model: string, made: MadeVersion, traffic: Traffic): Promise<Brought> {
  const begun = traffic.answers.length
  const champion = async (): Promise<number | undefined> => (await project.api().model(model)).champion?.version
  const stopped = async (caught: Brought['caught'], explanation: string): Promise<Brought> => ({
    caught,
    explanation,
    champion: await champion(),
    failedBeside: traffic.answers.slice(begun).filter(({ status }) => status !== 200).length,
  })
  const asked = await adopt(project, model, made).catch((error: unknown) => {
    if (error instanceof RefitError && error.code === 'candidate-unfit') return error
    throw error
  })
  if (asked instanceof RefitError) return stopped('its columns', asked.message)
  const run = await ended(project, asked.run.id)
  const { outcome, explanation = '' } = run
  if (outcome === 'rejected') return stopped('check', explanation)
  if (outcome !== 'promoted') throw new Error(`${run.id} has ended ${outcome ?? ''}: ${explanation}`)
  const rollout = await ofVersion(project, model, run.version ?? 0)
  const serves = (await champion()) ?? 0
  await untilLive(url, model, serves)
  const from = traffic.answers.length
  await until(`the champion of ${model} answers everybody`, () => Promise.resolve(traffic.answers.length > from + 30 && traffic.answers.slice(-20).every(({ version }) => version === serves) ? true : undefined))
  return {
    caught: rollout.state === 'rolled-back' && rollout.step === 1 ? 'rollout' : undefined,
    explanation: rollout.explanation ?? '',
    lasted: Date.parse(rollout.endedAt ?? '') - Date.parse(rollout.startedAt),
    requests: rollout.figures.reduce((sum, { requests }) => sum + requests.challenger, 0),
    champion: serves,
    failedBeside: failedBeside(traffic.answers.slice(begun), rollout.id, SHARES[rollout.step - 1] ?? 1).length,
  }
}

/** The rollout of a version, once it has ended. */
function ofVersion(project: RunningProject, model: string, version: number): Promise<RolloutDetail> {
  const look = async (): Promise<RolloutDetail | undefined> => {
    const found = (await project.api().rollouts(model, { limit: 5 })).rollouts.find((each) => each.version === version)
    return found?.endedAt === undefined ? undefined : project.api().rollout(model, found.number)
  }
  return until(`the end of the rollout of version ${version} of ${model}`, look, LOOK_MS)
}
