import { refitError } from '../../errors.js'
import type { Source } from '../source.js'

/** Lists nothing: what is uploaded has been recorded by the API already. */
export const uploadSource: Source = {
  name: 'upload',
  appearsWhole: true,
  list: () => Promise.resolve([]),
  open: ({ key }) => Promise.reject(refitError('source-object-gone', { key })),
  watch: () => Promise.resolve(() => Promise.resolve()),
}
