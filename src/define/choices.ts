import type { Task } from './stored-definition.js'

/** What is decided about a new project, by flags or answers; undefined: not yet, or as inferred. */
export interface Choices {
  readonly name: string
  readonly target?: string | undefined
  readonly task?: Task | undefined
  /** A column, or `none`. */
  readonly group?: string | undefined
  readonly key?: string | undefined
  readonly time?: string | undefined
  readonly ignore: readonly string[]
  readonly split: 'group' | 'time'
}

/** Something that the data leaves open, to be asked or given as the flag of its name. */
export interface Question {
  readonly flag: 'target' | 'task' | 'group' | 'time'
  readonly text: string
  readonly options: readonly string[]
  /** The likeliest of the options. */
  readonly proposed: string
}

/** Where a column would be chosen, `none` says that there is no such column. */
export const NONE = 'none'

/** A model's name from that of a file: `Sales 2024.csv` gives `sales-2024`. */
export function nameFrom(file: string): string {
  const words = file
    .replace(/\.(csv|tsv|txt|json|ndjson|jsonl|parquet)(\.gz|\.zst)?$/i, '')
    .normalize('NFKD')
    .replaceAll(/\p{Mark}/gu, '')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
  const name = /^-*[a-z]/.test(words) ? words : `model-${words}`
  return name.replaceAll(/-+/g, '-').slice(0, 63).replaceAll(/^-|-$/g, '')
}
