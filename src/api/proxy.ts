import type { Lineage } from '../registry/version.js'
import type { CheckedByProxy } from './wire/proxy.js'

/** What is told of a version that was trained once more after the check; nothing of any other. */
export function checkedByProxy({ refitted }: Pick<Lineage, 'refitted'>): { readonly checkedByProxy?: CheckedByProxy } {
  return refitted === undefined ? {} : { checkedByProxy: { rows: refitted.rows, digest: refitted.checked.digest } }
}
