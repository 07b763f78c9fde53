import { refitError } from '../errors.js'
import type { Client } from './client.js'

/**
 * The version that `<model>@<version>` names at a server: a number, as `3` or `v3`, or `champion`, which a name alone
 * means too.
 * @throws RefitError `not-found`, `not-serving` for a model without a champion
 */
export async function findVersion(source: Client, text: string): Promise<{ readonly model: string; readonly number: number }> {
  const [model = '', version = 'champion'] = text.split('@')
  if (version === 'champion') {
    const { champion } = await source.model(model)
    if (champion === undefined) throw refitError('not-serving', { model })
    return { model, number: champion.version }
  }
  const [, digits] = /^v?([1-9]\d{0,8})$/.exec(version) ?? []
  if (digits === undefined) throw refitError('not-found', { what: `version "${version}" of model "${model}"` })
  return { model, number: Number(digits) }
}
