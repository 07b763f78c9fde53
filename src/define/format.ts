import type { StoredFormat } from './stored-definition.js'

/** How CSV files are to be read where looking at them should not decide. What is left out is found in each file. */
export interface Format<Name extends string = string> {
  /** One character; otherwise whichever of comma, semicolon, tab and `|` finds the columns. */
  readonly delimiter?: string
  /** One character, or `''` where nothing is ever quoted; otherwise `"`, or `'` where only that finds the columns. */
  readonly quote?: string
  /** Otherwise UTF-8, or UTF-16 where the file begins with its mark. Applies to JSON too. */
  readonly encoding?: StoredFormat['encoding']
  /** Whether the first line names the columns; default true. */
  readonly header?: boolean
  /** The columns of files without header, in their order; default: those of the definition. */
  readonly columns?: readonly Name[]
}
