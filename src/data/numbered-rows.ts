import { name, text } from './duckdb.js'

/** DuckDB's own name for the number of a row in its file. It can be given no other, and a column may have it. */
const OWN_NAME = 'file_row_number'

/** Whether the reader's numbers cannot be asked for: it has one name for them, and a column of the file has it. */
export function hidesNumbers(columns: Iterable<string>): boolean {
  return [...columns].some((column) => column.toLowerCase() === OWN_NAME)
}

/** SQL of the rows of a part of these columns, in their order, with `refit_number`, which counts them from 0. */
export function numberedRows(file: string, columns: Iterable<string>): string {
  // Counting by itself takes one thread.
  if (hidesNumbers(columns)) return `(select *, row_number() over () - 1 as refit_number from read_parquet(${text(file)}))`
  return `(select * exclude (${name(OWN_NAME)}), ${name(OWN_NAME)} as refit_number from read_parquet(${text(file)}, ${OWN_NAME} = true))`
}
