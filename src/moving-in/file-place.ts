import { RefitError } from '../errors.js'
import { checkArtifactPath, pathInStore, type ArtifactPath } from '../tracking/artifact-path.js'
import type { Server } from './exchange.js'

/** Where files lie: at a path that their server hands out itself, or somewhere else. */
export type FilePlace =
  | { readonly kind: 'served'; readonly path: ArtifactPath }
  /** On a disk, perhaps the server's: it then hands out what belongs to a run or a logged model. `reason`: why it does not hand out the rest. */
  | { readonly kind: 'disk'; readonly path: string; readonly reason: string }
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
  if (scheme === undefined || scheme === 'file') return { kind: 'disk', path: uri.replace(/^file:(?:\/\/)?/i, '').replace(/\/+$/, ''), reason: `they lie on a disk (${uri}), and the server does not hand them out` }
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
export function pathWithin(outer: FilePlace, inner: FilePlace): string | undefined {
  if (outer.kind === 'elsewhere' || inner.kind === 'elsewhere' || inner.kind !== outer.kind) return undefined
  if (inner.path === outer.path) return ''
  return inner.path.startsWith(`${outer.path}/`) ? inner.path.slice(outer.path.length + 1) : undefined
}
