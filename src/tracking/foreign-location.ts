import { pathInStore } from './artifact-path.js'
import { invalid } from './refusals.js'
import { checkSource } from './version-source.js'

/**
 * Where files lie that were not brought: in another store, which clients ask themselves, and never on anybody's disk.
 * @throws RefitError `tracking-invalid`
 */
export function checkForeignLocation(uri: string): string {
  checkSource(uri)
  if (pathInStore(uri) !== undefined) throw invalid(`'${uri}' lies in this store, whose places follow from what is in them.`)
  return uri
}
