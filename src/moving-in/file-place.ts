import { RefitError } from '../errors.js'
import { checkArtifactPath, pathInStore, type ArtifactPath } from '../tracking/artifact-path.js'
import type { Server } from './exchange.js'

/** Where files lie: at a path that their server hands out itself, or somewhere else. */
export type FilePlace =
  | { readonly kind: 'served'; readonly path: ArtifactPath }
  /** `uri`: it is kept, for clients ask that store themselves; undefined: nobody could. */
  | { readonly kind: 'elsewhere'; readonly reason: string; readonly uri: string | undefined }

/** Files by their paths, below the base of a server. */
export const FILES = '/api/2.0/mlflow-artifacts/artifacts'

/** Where a URI leads that a server has told. */
export function filePlace({ base }: Pick<Server, 'base'>, uri: string): FilePlace {
  const nowhere = (reason: string): FilePlace => ({ kind: 'elsewhere', reason, uri: undefined })
  if (uri === '') return nowhere('the server does not say where they lie')
  const scheme = /^([a-z][\w+.-]+):/i.exec(uri)?.[1]?.toLowerCase()
  // A drive letter is no scheme.
  if (scheme === undefined || scheme === 'file') return nowhere(`they lie on a disk (${uri}), and the server does not hand them out`)
  try {
    if (scheme === 'mlflow-artifacts') {
      const host = /^mlflow-artifacts:\/\/([^/]+)/i.exec(uri)?.[1]
      if (host !== undefined && host !== new URL(base).host) return nowhere(`another server hands them out, ${host}: import from there`)
      const path = pathInStore(uri)
      return path === undefined || path === '' ? nowhere(`their address (${uri}) leads nowhere`) : { kind: 'served', path }
    }
    if (scheme === 'http' || scheme === 'https') {
      const own = `${base}${FILES}/`
      return uri.startsWith(own) && uri.length > own.length ? { kind: 'served', path: checkArtifactPath(uri.slice(own.length)) } : nowhere(`they lie at ${uri}, and only what the server hands out itself is brought`)
    }
  } catch (error) {
    if (error instanceof RefitError && error.code === 'tracking-invalid') return nowhere(`their address (${uri}) is not one that is taken`)
    throw error
  }
  return { kind: 'elsewhere', reason: `they lie in another store (${uri}), and only what the server hands out itself is brought; clients that may ask that store find them there`, uri }
}

/** The path of `inner` below `outer`; empty where they are the same, undefined where it lies elsewhere. */
export function pathWithin(outer: ArtifactPath, inner: ArtifactPath): string | undefined {
  if (inner === outer) return ''
  return inner.startsWith(`${outer}/`) ? inner.slice(outer.length + 1) : undefined
}
