import { posix } from 'node:path'
import { sql } from 'kysely'
import type { Database } from '../database/schema.js'
import { decodedFully } from './artifact-path.js'
import { textOf } from './entries.js'
import { getLoggedModel } from './logged-models.js'
import { versionNumber, versionsWhere } from './model-versions.js'
import { invalid } from './refusals.js'

/** Where the files of a version lie that is made from a source. */
export interface ResolvedSource {
  readonly location: string
  /** The run that made it, as far as the source tells. */
  readonly run: string | undefined
}

const LONGEST = 500

/**
 * Finds where a source lies. A path of somebody's disk is none: this server would never open it, and a client that
 * downloads the version would take it for one of its own.
 * @throws RefitError `tracking-invalid`, `tracking-missing`
 */
export async function resolveSource(database: Database, source: string, loggedModel: string | undefined): Promise<ResolvedSource> {
  checkSource(source)
  const named = /^models:\/+(.+)$/.exec(source)?.[1]
  if (named === undefined) return { location: textOf(source), run: undefined }
  const [first = '', second] = named.split('/')
  if (loggedModel !== undefined || (second === undefined && first.startsWith('m-'))) {
    const { artifactUri, sourceRun } = await getLoggedModel(database, loggedModel ?? first)
    return { location: artifactUri, run: sourceRun }
  }
  const [model = '', alias] = first.split('@')
  const wanted = alias === undefined ? sql`versions.number = ${versionNumber(second ?? '')}` : sql`exists (select from tracking.aliases as named where named.model = versions.model and named.number = versions.number and named.alias = ${textOf(alias)})`
  const [version] = await versionsWhere(database, sql`models.name = ${textOf(model)} and ${wanted}`)
  if (version === undefined) throw invalid(`Unable to fetch model from model URI source artifact location '${source}'. There is no such version.`)
  return { location: version.location, run: version.run }
}

/** @throws RefitError `tracking-invalid` for a path on a disk, or one that does not lead where it says */
export function checkSource(source: string): void {
  if (source.length > LONGEST) throw invalid(`Invalid model version source: it is longer than ${LONGEST} characters.`)
  const decoded = decodedFully(source)
  const scheme = /^([a-z][\w+.-]*):/i.exec(decoded)?.[1]?.toLowerCase()
  // A drive letter is no scheme.
  if (scheme === undefined || scheme === 'file' || scheme.length === 1) {
    throw invalid(
      `Invalid model version source: '${source}'. To use a local path as a model version source, the run_id request parameter has to be specified and the local path has to be contained within the artifact directory of the run specified by the run_id.`,
    )
  }
  const path = decoded.slice(scheme.length + 1).replace(/^\/\/[^/?#]*/, '').replace(/[?#].*$/s, '').replaceAll(/\/+/g, '/').replace(/\/$/, '')
  // eslint-disable-next-line no-control-regex -- control characters are what is refused
  if (/[\u0000-\u001f\\]/.test(decoded) || (path !== '' && posix.normalize(path) !== path) || decoded.split(/[/?#&=;]/).includes('..')) {
    throw invalid(
      `Invalid model version source: '${source}'. If supplying a source as an http, https, local file path, ftp, objectstore, or mlflow-artifacts uri, an absolute path must be provided without relative path references present. Please provide an absolute path.`,
    )
  }
}
