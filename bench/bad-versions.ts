import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Type, type Static } from 'typebox'
import { Value } from 'typebox/value'
import { endServing, ensureServing } from '../src/roles/serving-process.js'
import { badKinds, callersRows, FEWEST_REQUESTS, madeOf, MOST_MEGABYTES, SHARES, STEP_SECONDS, type BadKind, type MadeVersion } from '../test/rollouts/bad-kinds.js'
import { championsOf, conductorOf, tryVersion } from '../test/rollouts/bad-versions.js'
import { bringVersion, startCheckedModels } from '../test/rollouts/checked-versions.js'
import { startTraffic, type Traffic } from '../test/rollouts/traffic.js'
import { startPlatform } from '../test/serving/platform.js'
import { median } from './ratio.js'

const SEEDS = Number(process.env['REFIT_BENCH_SEEDS'] ?? 20)
/** Where it is kept how each version fared, so that a run which was interrupted goes on; nowhere by default. */
const FOLDER = process.env['REFIT_BENCH_KEEP']
/** Callers of each model at the same time, and the pause of each between an answer and the next question: eight models share this machine with everything else. */
const BESIDE_CHECKS = { atOnce: 2, pauseMs: 30 } as const
const BESIDE_ROLLOUTS = { atOnce: 4, pauseMs: 30 } as const

/** How a version fared. */
const Fared = Type.Object({
  /** Undefined where nothing stopped it in time: in a rollout, within its first step. */
  stoppedBy: Type.Optional(Type.Union([Type.Literal('its columns'), Type.Literal('check'), Type.Literal('rollout')])),
  /** Why, as its owner reads it. */
  words: Type.String(),
  /** Of its rollout: how long it lasted, and how many requests the version was asked in it. */
  rollout: Type.Optional(Type.Object({ seconds: Type.Number(), requests: Type.Integer() })),
  champion: Type.Optional(Type.Integer()),
  /** Of callers on the champion's side, and of all who asked meanwhile. */
  failedBeside: Type.Integer(),
  callers: Type.Integer(),
})
type Fared = Static<typeof Fared>

interface Way {
  readonly name: 'brought' | 'forced'
  readonly url: string
  readonly callers: { readonly atOnce: number; readonly pauseMs: number }
  readonly bring: (model: string, made: MadeVersion, traffic: Traffic) => Promise<Omit<Fared, 'callers'>>
}

/** The versions of one kind. */
interface OfKind {
  readonly kind: BadKind
  readonly all: readonly Fared[]
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
  const all = [...brought, ...forced]
  const requests = all.flatMap((each) => each.all).reduce((sum, { callers }) => sum + callers, 0)
  const lasted = FOLDER === undefined ? `${((performance.now() - begun) / 60_000).toFixed(1)} minutes` : 'not all at one time'
  return [
    '| a version that | brought | stopped by its columns | by the check | by its rollout | live at the end | of callers beside it failed |',
    '|---|---|---|---|---|---|---|',
    ...brought.map(broughtLine),
    '',
    '| a version that | forced | rolled back in its first step | for what it is bad at | seconds until then, median and most | requests that it was asked, median and most | live at the end | of callers beside it failed |',
    '|---|---|---|---|---|---|---|---|',
    ...forced.map(forcedLine),
    '',
    `${SEEDS} seeds of each; each kind beside the others, as the versions of a model of its own. Brought by \`refit adopt\` into one project as \`refit up\` runs it; forced by a promotion past any check, beside a serving process of its own. Steps of ${SHARES.map((share) => `${share * 100} %`).join(' and ')} for ${STEP_SECONDS} seconds with at least ${FEWEST_REQUESTS} requests of each side, and \`memory\` of ${MOST_MEGABYTES} MB; ${BESIDE_CHECKS.atOnce} and ${BESIDE_ROLLOUTS.atOnce} callers at a time of each model, ${requests.toLocaleString('en-US')} requests in all; ${lasted}. Callers beside a version are those who lie on the champion's side of its share.`,
    ...all.flatMap(({ broken }) => broken).flatMap((each) => ['', `**Not brought to an end:** ${each}`]),
  ]
}

async function withCheck(): Promise<readonly OfKind[]> {
  const checked = await startCheckedModels(Object.keys(badKinds), 1)
  const bring: Way['bring'] = async (model, made, traffic) => {
    const { caught, explanation, lasted, requests, champion, failedBeside } = await bringVersion(checked, model, made, traffic)
    return {
      ...(caught === undefined ? {} : { stoppedBy: caught }),
      words: explanation,
      ...(lasted === undefined || requests === undefined ? {} : { rollout: { seconds: lasted / 1000, requests } }),
      ...(champion === undefined ? {} : { champion }),
      failedBeside,
    }
  }
  try {
    return await ofAllKinds({ name: 'brought', url: checked.url, callers: BESIDE_CHECKS, bring })
  } finally {
    await checked.project.close()
  }
}

async function byForce(): Promise<readonly OfKind[]> {
  const platform = await startPlatform()
  const { stateFolder, databaseUrl } = platform
  const conductor = conductorOf(platform)
  try {
    const { url } = await ensureServing({ stateFolder, databaseUrl, bind: '127.0.0.1', port: 0, hosts: [], origins: [] }, '0.1.0')
    await championsOf(platform, url, Object.keys(badKinds))
    const bring: Way['bring'] = async (model, made, traffic) => {
      const { rollout, lasted, requests, champion, failedBeside } = await tryVersion(platform, url, model, made, traffic)
      return {
        ...(rollout.state === 'rolled-back' && rollout.step === 0 ? { stoppedBy: 'rollout' as const } : {}),
        words: rollout.explanation ?? '',
        rollout: { seconds: lasted / 1000, requests },
        ...(champion === undefined ? {} : { champion }),
        failedBeside,
      }
    }
    return await ofAllKinds({ name: 'forced', url, callers: BESIDE_ROLLOUTS, bring })
  } finally {
    await conductor.stop()
    await endServing(stateFolder)
    await platform.stop()
  }
}

/** All kinds at the same time, the seeds of each one after another. What breaks is told, and the others go on: it takes long. */
function ofAllKinds({ name, url, callers, bring }: Way): Promise<readonly OfKind[]> {
  return Promise.all(
    Object.entries(badKinds).map(async ([model, kind], index) => {
      const traffic = startTraffic(url, model, callersRows(index + 1), callers)
      const all: Fared[] = []
      const broken: string[] = []
      try {
        for (let seed = 1; seed <= SEEDS; seed += 1) {
          const attempt = `${name}-${model}-${seed}`
          try {
            all.push(
              await kept(attempt, async () => {
                const before = traffic.answers.length
                const fared = await bring(model, madeOf(kind, seed), traffic)
                console.log(`${attempt}: ${fared.words}`)
                return { ...fared, callers: traffic.answers.length - before }
              }),
            )
          } catch (error) {
            broken.push(`${attempt}: ${error instanceof Error ? error.message : String(error)}`)
            console.log(broken.at(-1))
          }
        }
      } finally {
        await traffic.stop()
      }
      return { kind, all, broken }
    }),
  )
}

/** What an attempt has given, now or in an earlier run. */
async function kept(attempt: string, make: () => Promise<Fared>): Promise<Fared> {
  if (FOLDER === undefined) return make()
  await mkdir(FOLDER, { recursive: true })
  const file = join(FOLDER, `${attempt}.json`)
  const before = await readFile(file, 'utf8').catch(() => undefined)
  if (before !== undefined) return Value.Parse(Fared, JSON.parse(before))
  const fared = await make()
  await writeFile(file, JSON.stringify(fared))
  return fared
}

function broughtLine({ kind, all }: OfKind): string {
  const by = (what: Fared['stoppedBy']): number => all.filter(({ stoppedBy }) => stoppedBy === what).length
  return `| ${kind.what} | ${all.length} of ${SEEDS} | ${by('its columns')} | ${by('check')} | ${by('rollout')} | ${live(all)} | ${failed(all)} |`
}

function forcedLine({ kind, all }: OfKind): string {
  const back = all.filter(({ stoppedBy }) => stoppedBy === 'rollout')
  const forThat = back.filter(({ words }) => kind.reason.test(words))
  const rollouts = all.flatMap(({ rollout }) => rollout ?? [])
  const seconds = rollouts.map((each) => each.seconds)
  const asked = rollouts.map((each) => each.requests)
  return `| ${kind.what} | ${all.length} of ${SEEDS} | ${back.length} | ${forThat.length} | ${median(seconds).toFixed(1)}, ${Math.max(...seconds).toFixed(1)} | ${median(asked)}, ${Math.max(...asked)} | ${live(all)} | ${failed(all)} |`
}

/** Version 1 is the good one, and nobody has brought another. */
function live(all: readonly Fared[]): string {
  const count = all.filter(({ champion }) => champion !== 1).length
  return count === 0 ? '0' : `**${count}**`
}

function failed(all: readonly Fared[]): string {
  const count = all.reduce((sum, { failedBeside }) => sum + failedBeside, 0)
  return count === 0 ? '0' : `**${count}**`
}
