/** What a drop means beside the former ones. */
export type Delivery = { readonly kind: 'append' } | { readonly kind: 'replace' } | { readonly kind: 'upsert'; readonly deleted?: string }

/** Every drop brings further rows. */
export function append(): Delivery {
  return { kind: 'append' }
}

/** Every drop is the whole table: the newest accepted one is the history. */
export function replace(): Delivery {
  return { kind: 'replace' }
}

/**
 * Every drop brings the newest state of the rows of its keys: of a key the row of the latest drop counts, within a drop
 * the last one. A row whose column `deleted` is true takes its key out; besides the key it may be empty.
 */
export function upsert(options: { readonly deleted?: string } = {}): Delivery {
  return { kind: 'upsert', ...options }
}
