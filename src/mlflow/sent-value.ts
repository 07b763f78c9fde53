/** Beyond this the value is told as it was understood, not as it was sent. */
const LONGEST_BODY = 1_000_000
const LONGEST_TOLD = 1000
/** No text of a message begins so: JSON has no such character unescaped, and what is escaped is not replaced. */
const NUMBER = '\u0001number:'

/**
 * A value of a body as MLflow's server tells it in a refusal: compact JSON with sorted keys, its numbers as they were
 * written, for `9.0` and `9` are one to us and two to whoever compares the words.
 * @param path e.g. `metrics[0].timestamp`
 */
export function sentValue(body: string | undefined, path: string, understood: unknown): string {
  const told = (body === undefined || body.length > LONGEST_BODY ? undefined : valueAt(body, path)) ?? understood
  return compact(told).slice(0, LONGEST_TOLD)
}

function valueAt(body: string, path: string): unknown {
  const marked = body.replaceAll(/"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*/g, (token) => (token.startsWith('"') ? token : `"\\u0001number:${token}"`))
  try {
    let value: unknown = JSON.parse(marked)
    for (const [, name, index] of path.matchAll(/([^.[\]]+)|\[(\d+)\]/g)) {
      if (typeof value !== 'object' || value === null) return undefined
      value = Reflect.get(value, name ?? index ?? '')
    }
    return value
  } catch {
    return undefined
  }
}

function compact(value: unknown): string {
  if (typeof value === 'string') return value.startsWith(NUMBER) ? value.slice(NUMBER.length) : JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(compact).join(',')}]`
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).toSorted(([one], [other]) => (one < other ? -1 : 1))
    return `{${entries.map(([key, each]) => `${JSON.stringify(key)}:${compact(each)}`).join(',')}}`
  }
  return JSON.stringify(value) ?? 'null'
}
