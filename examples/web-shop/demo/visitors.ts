import { setTimeout as delay } from 'node:timers/promises'
import { Type } from 'typebox'
import { get } from './shop.js'

const PAUSE_MS = 100
const FIRST_ANSWER_MS = 5000

type Row = Readonly<Record<string, string | number | boolean>>

const Live = Type.Object({
  signature: Type.Object({ inputs: Type.Array(Type.Object({ name: Type.String(), type: Type.String() })) }),
})

/** What the visitors of the shop have asked and got. */
export interface Visits {
  readonly answered: number
  readonly failed: number
}

/** Visitors who look at products and orders all the time: each look is a prediction. */
export interface Visitors {
  visits(): Visits
  /** A line to try, once the model has answered. */
  curl(model: string): Promise<string | undefined>
  leave(): Promise<void>
}

/** Lets visitors come to each model from its first version on; `orders` are lines of its exports, head first. */
export function letVisitorsIn(servingUrl: string, orders: ReadonlyMap<string, readonly string[]>): Visitors {
  const leaving = new AbortController()
  const examples = new Map<string, Row>()
  let answered = 0
  let failed = 0
  const visit = async (model: string, lines: readonly string[]): Promise<void> => {
    const rows = await rowsOf(servingUrl, model, lines, leaving.signal)
    for (let next = 0; !leaving.signal.aborted; next += 1) {
      const row = rows[next % rows.length]
      if (row === undefined) return
      examples.set(model, row)
      const ok = await fetch(`${servingUrl}/models/${model}/predict`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ rows: [row] }),
      }).then(
        async (answer) => (await answer.text()) !== '' && answer.ok,
        () => false,
      )
      if (ok) answered += 1
      else failed += 1
      await delay(PAUSE_MS, undefined, { signal: leaving.signal }).catch(() => undefined)
    }
  }
  const done = Promise.all([...orders].map(([model, lines]) => visit(model, lines)))
  return {
    visits: () => ({ answered, failed }),
    curl: async (model) => {
      for (let waited = 0; !examples.has(model) && waited < FIRST_ANSWER_MS; waited += PAUSE_MS) await delay(PAUSE_MS)
      const row = examples.get(model)
      return row === undefined ? undefined : `curl ${servingUrl}/models/${model}/predict -H 'Content-Type: application/json' -d '${JSON.stringify({ rows: [row] })}'`
    },
    leave: async () => {
      leaving.abort()
      await done
    },
  }
}

/** Lines of an export as the endpoint takes them: the inputs of the model, each of its type. Waits for the first version. */
async function rowsOf(servingUrl: string, model: string, [head = '', ...lines]: readonly string[], signal: AbortSignal): Promise<readonly Row[]> {
  while (!signal.aborted) {
    const live = await get(Live, `${servingUrl}/models/${model}`).catch(() => undefined)
    if (live !== undefined) {
      const names = head.split(',')
      return lines.map((line) => {
        const fields = line.split(',')
        return Object.fromEntries(live.signature.inputs.map(({ name, type }) => [name, valueOf(type, fields[names.indexOf(name)] ?? '')]))
      })
    }
    await delay(PAUSE_MS, undefined, { signal }).catch(() => undefined)
  }
  return []
}

function valueOf(type: string, text: string): string | number | boolean {
  return type === 'number' ? Number(text) : type === 'boolean' ? text === 'true' : text
}
