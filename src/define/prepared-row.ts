import type { Column, Columns } from './column.js'

/** Names of the columns that are features. */
type Features<C extends Columns> = { [Name in keyof C & string]: C[Name]['role'] extends 'feature' ? Name : never }[keyof C & string]

type Present<C extends Column> = C['type'] extends 'number' ? number : C['type'] extends 'boolean' ? boolean : string

type ValueOf<C extends Column> = C extends Column<C['type'], C['role'], false> ? Present<C> : Present<C> | null

/** What a `prepare` module is given: the features of `columns`, never target, key, group or time. Null where an optional value is missing. */
export type Row<C extends Columns> = { readonly [Name in Features<C>]: ValueOf<C[Name]> }

/** What a `prepare` module returns: the features of `prepared`, all of them and no others. */
export type Prepared<P extends Columns> = { readonly [Name in Features<P>]: ValueOf<P[Name]> }

/** Columns as the model sees them where they differ from those of the drops: others, new ones, and ignored ones. */
export type PreparedColumns<C extends Columns> = Readonly<Record<string, Column<'number' | 'category' | 'boolean', 'feature'> | Column<'text', 'ignored'>>> & {
  readonly [Name in Exclude<keyof C & string, Features<C>>]?: never
}
