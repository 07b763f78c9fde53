import { refitError } from '../../errors.js'
import type { Source } from '../source.js'

/** Lists nothing: what is uploaded has been recorded by the API already. */
export const uploadSource: Source = {
  name: 'upload',
  list: () => Promise.resolve([]),
  open: (object) => Promise.reject(refitError('source-object-gone', { key: object.key })),
  watch: () => Promise.resolve(() => Promise.resolve()),
}
