import { Type } from 'typebox'
import { placesOfSecrets } from './secret.js'

/** An address of http or https as an option of an adapter; one that refers to a secret is looked at when it is used. */
export const HttpAddress = Type.Refine(
  Type.String(),
  (text) => placesOfSecrets(text, '').length > 0 || (URL.canParse(text) && ['http:', 'https:'].includes(new URL(text).protocol)),
  (text) => `"${text}" is no address of http or https`,
)
