import { Type } from 'typebox'
import type { AdapterReference } from '../../define/stored-definition.js'

export const kind = 'upload'

export const options = Type.Object({}, { additionalProperties: false })

/** Drops come by `refit upload` and the API alone. (Any model takes uploads besides its source.) */
export function upload(): AdapterReference {
  return { kind, options: {} }
}
