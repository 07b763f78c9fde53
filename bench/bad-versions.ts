import { endServing, ensureServing } from '../src/roles/serving-process.js'
import { badKinds, callersRows, FEWEST_REQUESTS, madeOf, MOST_MEGABYTES, SHARES, STEP_SECONDS, type BadKind, type MadeVersion } from '../test/rollouts/bad-kinds.js'
import { championsOf, conductorOf, tryVersion, type Tried } from '../test/rollouts/bad-versions.js'
import { bringVersion, startCheckedModels, type Brought } from '../test/rollouts/checked-versions.js'
import { startTraffic, type Traffic } from '../test/rollouts/traffic.js'
import { startPlatform } from '../test/serving/platform.js'
import { median } from './ratio.js'

const SEEDS = Number(process.env['REFIT_BENCH_SEEDS'] ?? 20)
/** Callers of each model at the same time, and the pause of each between an answer and the next question: eight models share this machine with everything else. */
const BESIDE_CHECKS = { atOnce: 2, pauseMs: 30 } as const
const BESIDE_ROLLOUTS = { atOnce: 4, pauseMs: 30 } as const

interface Attempt<T> {
  readonly url: string
  readonly callers: { readonly atOnce: number; readonly pauseMs: number }
  readonly bring: (model: string, made: MadeVersion, traffic: Traffic) => Promise<T>
  /** What became of it. */
  readonly words: (fared: T) => string | undefined
}

/** How the versions of one kind fared, one after another, and the traffic of their model. */
interface Fared<T> {
  readonly kind: BadKind
  readonly all: readonly T[]
  /** Requests of callers in all. */
  readonly requests: number
  /** What did not come to its end, in words. */
  readonly broken: readonly string[]
}

/**
 * Brings versions that are bad in eight ways, with as many seeds each, once to the check and once past it, while callers ask
 * all models all the time; and counts where each was stopped, and what became of those callers whom the champion answers.
 */
export async function badVersions(): Promise<readonly string[]> {
  const begun = performance.now()
  const brought = await withCheck()
  const forced = await byForce()
  const lines = [
    '| a version that | brought | stopped by its columns | by the check | by its rollout | live at the end | of callers beside it failed |',
    '|---|---|---|---|---|---|---|',
    ...brought.map(broughtLine),
    '',
    '| a version that | forced | rolled back in its first step | for what it is bad at | seconds until then, median and most | requests that it was asked, median and most | live at the end | of callers beside it failed |',
    '|---|---|---|---|---|---|---|---|',
    ...forced.map(forcedLine),
    '',
  ]
  const broken = [...brought, ...forced].flatMap(({ broken }) => broken)
  const requests = [...brought, ...forced].reduce((sum, each) => sum + each.requests, 0)
  const minutes = (performance.now() - begun) / 60_000
  lines.push(`${SEEDS} seeds of each; each kind beside the others, as the versions of a model of its own. Brought by \`refit adopt\` into one project as \`refit up\` runs it; forced by a promotion past any check, beside a serving process of its own. Steps of ${SHARES.map((share) => `${share * 100} %`).join(' and ')} for ${STEP_SECONDS} seconds with at least ${FEWEST_REQUESTS} requests of each side, of ${MOST_MEGABYTES} MB of memory; ${BESIDE_CHECKS.atOnce} and ${BESIDE_ROLLOUTS.atOnce} callers at a time of each model, ${requests.toLocaleString('en-US')} requests in all; ${minutes.toFixed(1)} minutes. Callers beside a version are those who lie on the champion's side of its share.`)
  for (const each of broken) lines.push('', `**Not brought to an end:** ${each}`)
  return lines
}

async function withCheck(): Promise<readonly Fared<Brought>[]> {
  const checked = await startCheckedModels(Object.keys(badKinds), 1)
  try {
    return await ofAllKinds<Brought>({ url: checked.url, callers: BESIDE_CHECKS, bring: (model, made, traffic) => bringVersion(checked, model, made, traffic), words: ({ explanation }) => explanation })
  } finally {
    await checked.project.close()
  }
}

async function byForce(): Promise<readonly Fared<Tried>[]> {
  const platform = await startPlatform()
  const { stateFolder, databaseUrl } = platform
  const conductor = conductorOf(platform)
  try {
    const { url } = await ensureServing({ stateFolder, databaseUrl, bind: '127.0.0.1', port: 0, hosts: [], origins: [] }, '0.1.0')
    await championsOf(platform, url, Object.keys(badKinds))
    return await ofAllKinds<Tried>({ url, callers: BESIDE_ROLLOUTS, bring: (model, made, traffic) => tryVersion(platform, url, model, made, traffic), words: ({ rollout }) => rollout.explanation })
  } finally {
    await conductor.stop()
    await endServing(stateFolder)
    await platform.stop()
  }
}

/** All kinds at the same time, the seeds of each one after another. What breaks is told, and the others go on: it takes long. */
function ofAllKinds<T>({ url, callers, bring, words }: Attempt<T>): Promise<readonly Fared<T>[]> {
  return Promise.all(
    Object.entries(badKinds).map(async ([model, kind], index) => {
      const traffic = startTraffic(url, model, callersRows(index + 1), callers)
      const all: T[] = []
      const broken: string[] = []
      try {
        for (let seed = 1; seed <= SEEDS; seed += 1) {
          try {
            const fared = await bring(model, madeOf(kind, seed), traffic)
            all.push(fared)
            console.log(`${model} ${seed}: ${words(fared) ?? ''}`)
          } catch (error) {
            broken.push(`${model}, seed ${seed}: ${error instanceof Error ? error.message : String(error)}`)
            console.log(broken.at(-1))
          }
        }
      } finally {
        await traffic.stop()
      }
      return { kind, all, requests: traffic.answers.length, broken }
    }),
  )
}

function broughtLine({ kind, all }: Fared<Brought>): string {
  const by = (where: Brought['caught']): number => all.filter(({ caught }) => caught === where).length
  return `| ${kind.what} | ${all.length} of ${SEEDS} | ${by('its columns')} | ${by('check')} | ${by('rollout')} | ${live(all)} | ${failed(all)} |`
}

function forcedLine({ kind, all }: Fared<Tried>): string {
  const back = all.filter(({ rollout }) => rollout.state === 'rolled-back' && rollout.step === 0)
  const forThat = back.filter(({ rollout }) => kind.reason.test(rollout.explanation ?? ''))
  const seconds = all.map(({ lasted }) => lasted / 1000)
  const asked = all.map(({ requests }) => requests)
  return `| ${kind.what} | ${all.length} of ${SEEDS} | ${back.length} | ${forThat.length} | ${median(seconds).toFixed(1)}, ${Math.max(...seconds).toFixed(1)} | ${median(asked)}, ${Math.max(...asked)} | ${live(all)} | ${failed(all)} |`
}

/** Version 1 is the good one, and nobody has brought another. */
function live(all: readonly { readonly champion: number | undefined }[]): string {
  const count = all.filter(({ champion }) => champion !== 1).length
  return count === 0 ? '0' : `**${count}**`
}

function failed(all: readonly { readonly failedBeside: number }[]): string {
  const count = all.reduce((sum, { failedBeside }) => sum + failedBeside, 0)
  return count === 0 ? '0' : `**${count}**`
}
