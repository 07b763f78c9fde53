import { Type } from 'typebox'
import { Value } from 'typebox/value'
import { send, until } from './endpoint.js'

const Live = Type.Object({ version: Type.Integer(), since: Type.String() })

/** Asks until this version of a model, or a later one, is live; gives since when, as the process says itself, in milliseconds since 1970. */
export async function liveIn(url: string, model: string, version: number): Promise<number> {
  let since = Number.NaN
  await until(`version ${version} of ${model} is live`, async () => {
    const { json } = await send(`${url}/models/${model}`)
    if (!Value.Check(Live, json) || json.version < version) return false
    since = Date.parse(json.since)
    return true
  })
  return since
}
