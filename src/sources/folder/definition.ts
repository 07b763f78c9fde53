import { Type } from 'typebox'
import type { AdapterReference } from '../../define/stored-definition.js'

export const kind = 'folder'

export const options = Type.Object({ path: Type.String({ minLength: 1 }) }, { additionalProperties: false })

/** Every file of a folder is a drop; the path is relative to the project. Hidden and temporary files are left alone. */
export function folder(path: string): AdapterReference {
  return { kind, options: { path } }
}
