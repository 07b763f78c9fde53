import { sql } from 'kysely'
import type { Database } from '../database/schema.js'
import { foldersAbove, type ArtifactPath } from './artifact-path.js'
import { invalid } from './refusals.js'

/**
 * To be asked before files are changed: those of a run that a training has made are kept as it left them. `isUnderWay`: whether
 * the training of a run may still write.
 * @throws RefitError `tracking-invalid` where the path lies in such a run, or such a run lies below it
 */
export async function requireFilesOpen(database: Database, path: ArtifactPath, isUnderWay: (run: string) => boolean): Promise<void> {
  const [uri, ...above] = [path, ...foldersAbove(path)].map((folder) => `mlflow-artifacts:/${folder}`)
  // `0` is the character after the slash. What lies below comes first: whoever changes that changes more than one run.
  const { rows } = await sql<{ id: string; is_within: boolean }>`
    /* prepared tracking-kept-files */
    select id, artifact_uri = any(${[uri, ...above]}::text[]) as is_within from tracking.runs
    where training is not null and (artifact_uri = any(${[uri, ...above]}::text[]) or (artifact_uri >= ${`${uri}/`} and artifact_uri < ${`${uri}0`}))
    order by is_within limit 1`.execute(database)
  const [found] = rows
  if (found !== undefined && !(found.is_within && isUnderWay(found.id))) throw invalid(`The files of the run ${found.id} are kept as its training left them: it was made by one of this project.`)
}
