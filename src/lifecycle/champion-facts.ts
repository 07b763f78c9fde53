import { join } from 'node:path'
import type { StoredModel } from '../define/stored-definition.js'
import { RefitError } from '../errors.js'
import { FORMER_CHAMPIONS } from '../evaluation/creep.js'
import { fetchPackage } from '../packages/store.js'
import { championsBefore, getChampion } from '../registry/champion.js'
import { getVersion, type Version } from '../registry/version.js'
import { withdrawnAmong } from '../registry/withdrawn-data.js'
import type { ChampionFacts, FormerFacts } from './check-candidate.js'
import type { Ingested } from './ingested.js'
import type { LifecycleRun, Rooms } from './run.js'
import type { Seen } from './seen.js'
import { seenByVersion } from './seen-by.js'

/** What the check must know of the champion, with its package made ready below `folder`; undefined for a first version. */
export async function championFacts(rooms: Rooms, run: LifecycleRun, data: Ingested, folder: string): Promise<ChampionFacts | undefined> {
  const champion = await getChampion(rooms.database, run.model)
  if (champion === undefined) return undefined
  const version = await getVersion(rooms.database, run.model, champion.version)
  const package_ = join(folder, 'champion')
  await fetchPackage(rooms.objects, version.digest, package_)
  const seen = await seenByVersion(rooms, { model: run.model, definition: run.definition, isChampion: true }, version, data)
  const facts = { version: version.number, folder: package_, ...seen }
  // Of the rows that it was selected on none counts, where it was trained on them afterwards.
  return version.lineage.refitted === undefined ? { ...facts, reused: await verdictsSince(rooms, run, version) } : { ...facts, ...(await proxyOf(rooms, run, version, seen, folder)) }
}

/** The package that was checked for a champion, where a rule is about that. */
async function proxyOf(rooms: Rooms, { definition }: LifecycleRun, { lineage: { refitted } }: Version, { everyRow: _everyRow, trainedUntil: _until, ...seen }: Seen, parent: string): Promise<Pick<ChampionFacts, 'proxy'>> {
  // The lesser evil is one beside the champion, too.
  if (refitted === undefined || !(comparesWithChampion(definition) || definition.replaceIfBetter === true)) return {}
  const { digest, trainedUntil } = refitted.checked
  const folder = join(parent, 'champion-checked')
  const known = { seen: { ...seen, ...(trainedUntil === undefined ? {} : { trainedUntil }) } }
  try {
    await fetchPackage(rooms.objects, digest, folder)
  } catch (error) {
    if (!(error instanceof RefitError) || !isLost(error)) throw error
    return { proxy: { ...known, reason: error.message } }
  }
  return { proxy: { ...known, folder } }
}

/**
 * The champions before it that a candidate is held against (EVIDENCE rule 7), the newest first; only where a rule is
 * about the champion. One whose data was withdrawn, or that is not to be had any more, is passed over, with the reason.
 */
export async function formerFacts(rooms: Rooms, run: LifecycleRun, data: Ingested, folder: string): Promise<readonly FormerFacts[]> {
  if (!comparesWithChampion(run.definition)) return []
  const facts: FormerFacts[] = []
  for (const number of await championsBefore(rooms.database, run.model, FORMER_CHAMPIONS)) {
    facts.push(await formerFactsOf(rooms, run, await getVersion(rooms.database, run.model, number), data, join(folder, `version-${number}`)))
  }
  return facts
}

function comparesWithChampion({ check }: StoredModel): boolean {
  return check.length === 0 || check.some(({ kind }) => kind === 'champion')
}

async function formerFactsOf(rooms: Rooms, { model, definition }: LifecycleRun, version: Version, data: Ingested, folder: string): Promise<FormerFacts> {
  const withdrawn = await withdrawnAmong(rooms.database, version.lineage.drops)
  if (withdrawn.length > 0) return { version: version.number, reason: `made from ${withdrawn.join(', ')}, withdrawn since` }
  try {
    await fetchPackage(rooms.objects, version.digest, folder)
  } catch (error) {
    if (!(error instanceof RefitError) || !isLost(error)) throw error
    return { version: version.number, reason: error.message }
  }
  return { version: version.number, folder, ...(await seenByVersion(rooms, { model, definition }, version, data)) }
}

/** Waiting for it would not help. */
function isLost({ code }: RefitError): boolean {
  return code === 'object-missing' || code === 'package-corrupt' || code === 'package-newer'
}

/** How many verdicts of the model have rested on the test rows of a version: its own, and those since (EVIDENCE rule 5). */
async function verdictsSince({ database }: Rooms, run: LifecycleRun, { lineage }: Version): Promise<number> {
  const { count } = await database
    .selectFrom('runs')
    .select(({ fn }) => fn.countAll<string>().as('count'))
    .where('model', '=', run.model)
    .where('verdict', 'is not', null)
    .where('id', '!=', run.id)
    .where('number', '>=', (from) => from.selectFrom('runs').select('number').where('id', '=', lineage.run))
    .executeTakeFirstOrThrow()
  return Number(count)
}
