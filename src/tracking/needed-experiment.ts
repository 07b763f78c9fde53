import { sql } from 'kysely'
import type { Clock } from '../clock.js'
import type { Database } from '../database/schema.js'
import { RefitError } from '../errors.js'
import { textOf, type Entry } from './entries.js'
import { createExperiment } from './experiments.js'

/** The experiment of a name, which is made with these tags where there is none. One that somebody has deleted is needed again. @throws RefitError `tracking-invalid` */
export async function neededExperiment(database: Database, clock: Clock, name: string, tags: readonly Entry[]): Promise<{ readonly id: string; readonly location: string }> {
  const find = async (): Promise<{ readonly id: string; readonly location: string } | undefined> => {
    const { rows } = await sql<{ id: string; location: string }>`
      update tracking.experiments set is_deleted = false where name = ${textOf(name)} returning id::text as id, artifact_location as location`.execute(database)
    return rows[0]
  }
  const found = await find()
  if (found !== undefined) return found
  await createExperiment(database, clock, { name, artifactLocation: undefined, tags }).catch((error: unknown) => {
    // Another one has made it meanwhile.
    if (!(error instanceof RefitError && error.code === 'tracking-exists')) throw error
  })
  const made = await find()
  if (made === undefined) throw new Error(`the experiment ${name} was made and is not there`)
  return made
}
