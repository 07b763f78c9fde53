import { invalid } from '../refusals.js'

/** What was asked for a page at a time, and where it goes on. */
export interface Page<T> {
  readonly items: readonly T[]
  readonly nextToken: string | undefined
}

/** How many rows come before a page. @throws RefitError `tracking-invalid` for a token that is none of ours */
export function offsetOf(token: string | undefined): number {
  if (token === undefined || token === '') return 0
  const offset = /^offset:(\d{1,12})$/.exec(Buffer.from(token, 'base64url').toString())?.[1]
  if (offset === undefined) throw invalid('Invalid page token, could not base64-decode a place in the search from it')
  return Number(offset)
}

/** A page of the rows that were asked for with one more than it takes, so that the last page is known to be it. */
export function pageOf<T>(rows: readonly T[], offset: number, most: number): Page<T> {
  const items = rows.slice(0, most)
  return { items, nextToken: rows.length > most ? Buffer.from(`offset:${offset + most}`).toString('base64url') : undefined }
}
