/** Tags that tell of what was brought from another server. What is brought again is known by them. */

/** Which server it was. */
export const SERVER_TAG = 'refit.import.server'
/** The digest of what that server said of it when all of it was brought. Before that a note of what is being brought; nothing, where it was still being written there. */
export const DIGEST_TAG = 'refit.import.digest'
/** Of a registered model: its name there. Here it may have another one. */
export const NAME_TAG = 'refit.import.name'

/**
 * `open`: nothing is here but what an interrupted import has brought of just this; `changed`: what is here may be of a time when
 * it was another there, or was still being written; `complete`: all of it is here, as it is there; `other`: what has its id here
 * is not from that server, and stays as it is. To what is open or changed may be written.
 */
export type ImportState = 'open' | 'changed' | 'complete' | 'other'

/** Who asks for something to be brought: from where, and what is said of it there; without a digest it is still being written there. */
export interface Whence {
  readonly server: string
  readonly digest: string | undefined
}

/** What DIGEST_TAG says from the beginning of a first import on, so that whoever goes on with it knows whether files of the same size are the same. */
export function begunDigest(digest: string | undefined): string | undefined {
  return digest === undefined ? undefined : `begun ${digest}`
}

/** The state of what is here, by the tags that it has. */
export function importStateOf(here: { readonly server: string | null; readonly digest: string | null }, { server, digest }: Whence): ImportState {
  if (here.server !== server) return 'other'
  if (digest === undefined || here.digest === null) return 'changed'
  if (here.digest === digest) return 'complete'
  return here.digest === begunDigest(digest) ? 'open' : 'changed'
}
