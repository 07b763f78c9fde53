/** Tags that tell of what was brought from another server. What is brought again is known by them. */

/** Which server it was. */
export const SERVER_TAG = 'refit.import.server'
/** Set when all of it has been brought: the digest of what that server said of it then. */
export const DIGEST_TAG = 'refit.import.digest'
/** Of a registered model: its name there. Here it may have another one. */
export const NAME_TAG = 'refit.import.name'

/**
 * `open`: it may be written to; `changed`: so too, and it was here whole before; `complete`: all of it is here, as it is there;
 * `other`: what has its id here is not from that server, and stays as it is.
 */
export type ImportState = 'open' | 'changed' | 'complete' | 'other'

/** Who asks for something to be brought: from where, and what is said of it there; without a digest it is still being written there. */
export interface Whence {
  readonly server: string
  readonly digest: string | undefined
}

/** The state of what is here, by the tags that it has. */
export function importStateOf(here: { readonly server: string | null; readonly digest: string | null }, { server, digest }: Whence): ImportState {
  if (here.server !== server) return 'other'
  if (here.digest === null) return 'open'
  return here.digest === digest ? 'complete' : 'changed'
}
