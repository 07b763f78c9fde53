import type { StoredColumn } from '../define/stored-definition.js'
import { name } from './duckdb.js'

/** What DuckDB calls the types of numbers. */
const NUMERIC = /^(DOUBLE|FLOAT|U?(TINY|SMALL|BIG|HUGE)INT|U?INTEGER|DECIMAL.*)$/

/**
 * The value of a column under the contract's type; NULL where it is none. `found` is the DuckDB type it comes as;
 * anything that has no form of its own there is taken by its text.
 */
export function castOf(column: string, { type }: Pick<StoredColumn, 'type'>, found = ''): string {
  const raw = name(column)
  const words = found === 'VARCHAR' ? raw : `${raw}::varchar`
  switch (type) {
    case 'number':
      return NUMERIC.test(found) ? `${raw}::double` : `try_cast(${words} as double)`
    case 'boolean':
      return found === 'BOOLEAN' ? raw : `coalesce(try_cast(${words} as boolean), case when lower(trim(${words})) in ('true', 't', 'yes', 'y', '1', '1.0') then true when lower(trim(${words})) in ('false', 'f', 'no', 'n', '0', '0.0') then false end)`
    case 'time':
      if (found === 'TIMESTAMP' || found === 'TIMESTAMP WITH TIME ZONE') return utc(raw)
      return `coalesce(${utc(`try_cast(${words} as timestamptz)`)}, ${utc(`try_cast(trim(${words}) as timestamptz)`)})`
    case 'category':
    case 'text':
      if (found === 'VARCHAR') return `nullif(${raw}, '')`
      // A whole number is written as what it was, for all that is known.
      return /^(DOUBLE|FLOAT)$/.test(found) ? `case when abs(${raw}) < 9007199254740992 and ${raw} = trunc(${raw}) then ${raw}::bigint::varchar else ${words} end` : `nullif(${words}, '')`
  }
}

/** What a column that is not there has in each row, in the type that it would be stored as. */
export function noValue({ type }: Pick<StoredColumn, 'type'>): string {
  return `null::${{ number: 'double', boolean: 'boolean', time: 'timestamp', category: 'varchar', text: 'varchar' }[type]}`
}

/** As a timestamp in UTC; infinite times are none. Several times as fast as `at time zone`. */
function utc(instant: string): string {
  return `make_timestamp(epoch_us(${instant}))`
}
