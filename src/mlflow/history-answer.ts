import { Readable } from 'node:stream'
import { placeToken, type HistoryPage } from '../tracking/metric-history.js'
import { unlessEmpty, wireMetric } from './answers.js'

/**
 * A history as it leaves the server: one page as a message, several as a stream of the same JSON, which asks for the next page
 * when its receiver has taken the one before. What the first page fails with, the answer does; a later one breaks it off.
 */
export async function historyAnswer(pages: AsyncGenerator<HistoryPage, void>): Promise<object> {
  const { value: first } = await pages.next()
  if (first === undefined) return {}
  if (first.isLast) return { metrics: unlessEmpty(first.metrics.map(wireMetric)), next_page_token: tokenOf(first) }
  return Readable.from(written(first, pages), { objectMode: false })
}

async function* written(first: HistoryPage, rest: AsyncGenerator<HistoryPage, void>): AsyncGenerator<string, void> {
  yield `{"metrics":[${listed(first)}`
  let last = first
  for await (last of rest) yield `,${listed(last)}`
  const token = tokenOf(last)
  yield token === undefined ? ']}' : `],"next_page_token":${JSON.stringify(token)}}`
}

function listed({ metrics }: HistoryPage): string {
  return metrics.map((metric) => JSON.stringify(wireMetric(metric))).join(',')
}

function tokenOf({ next }: HistoryPage): string | undefined {
  return next === undefined ? undefined : placeToken(next)
}
