/**
 * Every way in which a drop can break its contract or be no table at all: what it means, and what to do. Of those that
 * are waivable the values can be read: someone may say that they are right. docs/errors.md is checked against it by a test.
 */
export const dropFaults = {
  // The file
  empty: ['The file has 0 bytes.', 'Send it again.'],
  'other-format': ['It is something else than CSV, JSON or Parquet: a workbook, an archive, a web page, a pickle.', 'Export it as one of those.'],
  damaged: ['A compressed file that is cut off or broken, or one that holds many times more than a table of its size can.', 'Send it again; send it uncompressed if that is right.'],
  'other-content': ['A file of the drop has another SHA-256 than its manifest says.', 'Deliver the files again, and the manifest after them.'],
  'wrong-encoding': ['The text is not in the encoding that it was read in: UTF-8, unless a mark at its beginning or the definition says otherwise.', 'Save it as UTF-8, or declare what it is: `format: { encoding }`.'],
  unreadable: ['What the format prescribes is not there, or reading takes more memory or time than allowed.', 'Look at the place that it names; send it again.'],
  lost: ['What was recorded of it is gone or damaged in the object store.', 'Deliver it again.'],
  'reader-failed': ['Refit itself failed at it, also when it read nothing else: a bug. Its stack is kept with the drop.', 'Report it; `refit drops restore` has the drop read again, by a release that has mended it.'],
  'too-long-line': ['One row, or one value, is longer than 2 MB; in JSON 16 MB.', 'A quote or line end is usually missing.'],

  // Header and rows
  'no-header': ['The first line is empty.', 'It must name the columns, or `format: { header: false, columns }` does.'],
  'no-known-column': ['None of the columns of the contract is there.', 'If the file has no header, declare `format: { header: false, columns }`.'],
  'unnamed-column': ['A cell of the header is empty.', 'Name it; declare it as `column.ignored()` if it is of no use.'],
  'duplicate-column': ['Two columns have the same name, or differ in upper and lower case only.', 'Name one of them otherwise.'],
  'no-rows': ['There are columns but no rows.', 'Send a drop that has some, or none.'],
  'ragged-row': ['A row has more or fewer values than the header.', 'Quote values that have the delimiter in them; the end of the file may be missing.'],
  'mixed-line-ends': ['Some lines end by line feed, others by carriage return or both.', 'Save it with one kind of line ends; quote values that have one in them.'],
  'open-quote': ['A quote is not closed, or one inside a value is not doubled.', 'Mend the export; declare `format: { quote }` if it is another character.'],

  // Columns
  'missing-column': ['A column of the contract is not there.', 'Deliver it, or change the definition.'],
  'unexpected-column': ['A column is not in the contract.', 'Declare it; as `column.ignored()` if it is of no use.'],
  'unsupported-type': ['A column of a Parquet file holds lists, structures or bytes.', 'Write plain values: numbers, texts, booleans, times.'],

  // Values
  'missing-value': ['A value that may not be missing is.', 'Deliver it, or make the column optional.'],
  'missing-target': ['The target is missing.', 'Leave such rows out: nothing can be learned from them.'],
  'wrong-type': ['A value is no number, boolean or time, as its column says.', 'Mend it, or change the type of the column.'],
  'not-finite': ['A number is NaN or infinite.', 'Leave it empty if it is missing.'],
  'out-of-range': ['A number is below `min` or above `max`.', 'Mend it, or change the range.', 'waivable'],
  'negative-weight': ['A weight is below 0.', 'Mend it: a row that is not to count weighs 0.'],
  'category-not-allowed': ['A category is not among `values`.', 'Mend it, or allow it.', 'waivable'],
  'too-short': ['A text has fewer characters than `minLength`.', 'Mend it, or change the length.', 'waivable'],
  'too-long': ['A text has more characters than `maxLength`.', 'Mend it, or change the length.', 'waivable'],
  'pattern-mismatch': ['A text does not match `pattern`.', 'Mend it, or change the pattern.', 'waivable'],
  'not-unique': ['A value stands in several rows though its column is `unique`.', 'Send each row once, or choose another column.', 'waivable'],

  // The drop as a whole
  'too-few-rows': ['It has fewer rows than `contract.rows.min`.', 'Send all of them, or change the number.', 'waivable'],
  'too-many-rows': ['It has more rows than `contract.rows.max`.', 'Send them in several drops, or change the number.', 'waivable'],
  stale: ['Its newest row was older than `contract.freshness` when it arrived.', 'Look whether the export stands still.', 'waivable'],

  // Beside the accepted history
  'implausible-values': ['The values of a column lie elsewhere than in accepted drops.', 'Compare the unit and the fill values with former drops; if they are right, release the drop.', 'waivable'],
  'implausible-extremes': ['A part of the values lies far beyond all that was accepted.', 'Look at the largest and smallest values; if they are right, release the drop.', 'waivable'],
  'implausible-missing': ['Far more rows than usual have no value of a column.', 'Look whether the export lost it; if that is right, release the drop.', 'waivable'],
  'implausible-categories': ['Many rows have categories that no accepted drop has.', 'Look how the categories are written; if they are new, release the drop.', 'waivable'],
  'implausible-renaming': ['A category is gone, and a new one has its share.', 'Look whether it was renamed: the model knows the former name only. If both are right, release the drop.', 'waivable'],
  'implausible-shares': ['The shares of the categories or classes are others than in accepted drops.', 'Look whether the export is whole; if they are right, release the drop.', 'waivable'],
  'implausible-time': ['The rows are of another time than recent drops.', 'Look for a wrong year or a wrong file; a late delivery that is right can be released.', 'waivable'],
  'implausible-repeats': ['Rows are in accepted drops already.', 'An export was sent again under another name: discard it. Release it if rows may repeat.', 'waivable'],
} as const satisfies Readonly<Record<string, readonly [meaning: string, remedy: string, waivable?: 'waivable']>>

/** The code of a fault of a drop. */
export type DropFaultCode = keyof typeof dropFaults

/** Whether a release waives it: what is missing or cannot be read is not there to be trained on. */
export function isWaivable(code: string): boolean {
  const known: Readonly<Record<string, readonly [string, string, string?]>> = dropFaults
  return Object.hasOwn(known, code) && known[code]?.[2] === 'waivable'
}
