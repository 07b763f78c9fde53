import { Type } from 'typebox'
import type { AdapterReference } from '../../define/stored-definition.js'

export const kind = 'gradient-boosted-trees'

export const options = Type.Object({}, { additionalProperties: false })

/** Yggdrasil gradient boosted trees: the default, which needs nothing but Node. Up to 500,000 training rows. */
export function gradientBoostedTrees(): AdapterReference {
  return { kind, options: {} }
}
