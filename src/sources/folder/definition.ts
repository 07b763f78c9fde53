import { Type } from 'typebox'
import type { AdapterReference } from '../../define/stored-definition.js'

export const kind = 'folder'

export const options = Type.Object(
  {
    path: Type.String({ minLength: 1 }),
    complete: Type.Optional(Type.Union([Type.Literal('_SUCCESS'), Type.Literal('manifest')])),
  },
  { additionalProperties: false },
)

export interface FolderOptions {
  /** What makes a drop of several files: a `_SUCCESS` in its folder, or a manifest that names them. Default: each file is one. */
  readonly complete?: '_SUCCESS' | 'manifest'
}

/** Every file of a folder is a drop, unless several make one; the path is relative to the project. Hidden and temporary files are left alone. */
export function folder(path: string, { complete }: FolderOptions = {}): AdapterReference {
  return { kind, options: { path, ...(complete === undefined ? {} : { complete }) } }
}
