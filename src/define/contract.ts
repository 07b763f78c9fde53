import type { Columns } from './column.js'
import type { Duration } from './measures.js'
import type { OtherColumns, PlausibilityLevel } from './stored-definition.js'

/** How closely each drop is compared with the accepted history: one level for all columns, or for each its own. */
export interface Plausibility<C extends Columns = Columns> {
  /** Default `standard`. */
  readonly level?: PlausibilityLevel
  readonly columns?: { readonly [Name in keyof C & string]?: PlausibilityLevel }
}

/** What a drop as a whole must keep, besides its columns. */
export interface Contract<C extends Columns = Columns> {
  /** Fewest and most rows of a drop. */
  readonly rows?: { readonly min?: number; readonly max?: number }
  /** How old the newest row may be when the drop arrives; needs a time column. */
  readonly freshness?: Duration
  /** Default `standard`. */
  readonly plausibility?: PlausibilityLevel | Plausibility<C>
  /** What becomes of columns that are not named here: default `refuse`; `infer` makes features of those of the first drop. */
  readonly otherColumns?: OtherColumns
}
