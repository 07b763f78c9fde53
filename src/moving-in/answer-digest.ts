import { canonicalJson, digestOf } from '../define/canonical-json.js'

/** The digest of what a server has answered, whatever the order of its lists: databases give tags and metrics in any. */
export function answerDigest(answer: unknown): string {
  return digestOf(ordered(answer))
}

function ordered(value: unknown): unknown {
  if (Array.isArray(value)) {
    const items = value.map((item: unknown) => ordered(item))
    return items.toSorted((one, other) => (canonicalJson(one) < canonicalJson(other) ? -1 : 1))
  }
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]: [string, unknown]) => [key, ordered(inner)]))
}
