import { numberOf, type ModelVersion, type RegisteredModel } from './answers.js'
import { bringVersion } from './bring-version.js'
import { keptEntries } from './entries.js'
import { NotTaken } from './messages.js'
import type { Move } from './move.js'

/** A model that is here now. */
export interface BroughtModel {
  readonly there: string
  readonly here: string
  /** The version that is to serve for a model of the project; undefined: it is for none, or none is named. */
  readonly champion: Champion | undefined
}

/** What served there, for a model of the project. */
export interface Champion {
  /** Of the project. */
  readonly model: string
  /** Of the registered model that was brought. */
  readonly name: string
  readonly number: number
  /** By what it was found: its alias or its stage. */
  readonly by: string
  /** An address of it that is always the same. */
  readonly origin: string
}

const CHAMPION = 'champion'
const PRODUCTION = 'production'

/**
 * Brings a registered model with its versions and aliases. What serves for a model of the project is only found: it comes into
 * service by its check.
 * @returns undefined where it is not here afterwards, which is told
 */
export async function bringModel(move: Move, model: RegisteredModel, versions: readonly ModelVersion[], wanted: string, versionDone: () => void): Promise<BroughtModel | undefined> {
  const registered = await register(move, model, wanted)
  if (registered === undefined) return undefined
  const { here, isOfLifecycle } = registered
  const brought = new Set<number>()
  for (const version of versions) {
    if (await bringVersion(move, here, version)) brought.add(Number(version.version))
    versionDone()
  }
  await bringAliases(move, model, here, brought)
  const { name: there } = model
  const served = isOfLifecycle ? championOf(model, versions) : undefined
  if (served === undefined || !brought.has(served.number)) return { there, here, champion: undefined }
  const origin = `${move.source.server.base}/#/models/${encodeURIComponent(there)}/versions/${served.number}`
  return { there, here, champion: { ...served, model: wanted, name: here, origin } }
}

async function register({ source, destination, tally }: Move, { name, description, creation_timestamp, last_updated_timestamp, tags }: RegisteredModel, wanted: string): Promise<{ readonly here: string; readonly isOfLifecycle: boolean } | undefined> {
  const kept = keptEntries(tags, 'tag', (key) => tally.leave(`tag ${key} of model ${name}`, 'its name is not one that is taken'))
  try {
    const { name: here, isNew, isOfLifecycle } = await destination.importModel({ server: source.server.base, name, wanted_name: wanted, description, creation_timestamp, last_updated_timestamp, tags: kept })
    if (here === undefined) {
      tally.leave(`model ${name}`, 'a model of that name is registered here, which was not brought from that server; give it another name by --model and --as')
      return undefined
    }
    if (isNew) tally.add('models')
    else tally.pass('models')
    return { here, isOfLifecycle }
  } catch (error) {
    if (!(error instanceof NotTaken)) throw error
    tally.leave(`model ${name}`, error.failure.message)
    return undefined
  }
}

/** Aliases that there are none of here. One that means another version here stays: somebody has moved it. */
async function bringAliases({ destination, tally }: Move, { name, aliases = [] }: RegisteredModel, here: string, brought: ReadonlySet<number>): Promise<void> {
  if (aliases.length === 0) return
  const present = await destination.aliases(here)
  for (const { alias, version } of aliases) {
    const number = numberOf(version) ?? 0
    const now = present.get(alias)
    if (!brought.has(number)) tally.leave(`alias ${alias} of ${name}`, `its version ${number} was not brought`)
    else if (now === number) tally.pass('aliases')
    else if (now !== undefined) tally.leave(`alias ${alias} of ${name}`, `here it means version ${now}, there version ${number}; it stays`)
    else {
      try {
        await destination.setAlias(here, alias, number)
        tally.add('aliases')
      } catch (error) {
        if (!(error instanceof NotTaken)) throw error
        tally.leave(`alias ${alias} of ${name}`, error.failure.message)
      }
    }
  }
}

/** What served: the alias, or as teams had it before there were aliases, the newest version of the stage. */
function championOf({ aliases = [] }: RegisteredModel, versions: readonly ModelVersion[]): { readonly number: number; readonly by: string } | undefined {
  const named = aliases.find(({ alias }) => alias === CHAMPION)
  if (named !== undefined) return { number: Number(named.version), by: `alias ${CHAMPION}` }
  const staged = versions.findLast(({ current_stage: stage }) => stage?.toLowerCase() === PRODUCTION)
  return staged === undefined ? undefined : { number: Number(staged.version), by: 'stage Production' }
}
