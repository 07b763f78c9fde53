/**
 * Every way in which a drop can break its contract or be no table at all: what it means, and what to do. docs/errors.md
 * is checked against it by a test.
 */
export const dropFaults = {
  // The file
  empty: ['The file has 0 bytes.', 'Send it again.'],
  'other-format': ['It is something else than CSV, JSON or Parquet: a workbook, an archive, a web page, a pickle.', 'Export it as one of those.'],
  damaged: ['A compressed file that is cut off or broken, or one that holds many times more than a table of its size can.', 'Send it again; send it uncompressed if that is right.'],
  'wrong-encoding': ['The text is not in the encoding that it was read in: UTF-8, unless a mark at its beginning or the definition says otherwise.', 'Save it as UTF-8, or declare what it is: `format: { encoding }`.'],
  unreadable: ['What the format prescribes is not there, or reading takes more memory or time than allowed.', 'Look at the place that it names; send it again.'],
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
  'out-of-range': ['A number is below `min` or above `max`.', 'Mend it, or change the range; someone may also release the drop.'],
  'category-not-allowed': ['A category is not among `values`.', 'Mend it, or allow it; someone may also release the drop.'],
  'too-short': ['A text has fewer characters than `minLength`.', 'Mend it, or change the length.'],
  'too-long': ['A text has more characters than `maxLength`.', 'Mend it, or change the length.'],
  'pattern-mismatch': ['A text does not match `pattern`.', 'Mend it, or change the pattern.'],
} as const satisfies Readonly<Record<string, readonly [meaning: string, remedy: string]>>

/** The code of a fault of a drop. */
export type DropFaultCode = keyof typeof dropFaults
