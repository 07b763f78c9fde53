import { RefitError } from '../errors.js'
import { FileFault } from './file-fault.js'

/**
 * What DuckDB says of a file it cannot read: its own words are long; the reason and the row are what helps.
 * @throws the error itself when the disk is short, or an earlier file has spoilt the database, for that is no fault of the file
 */
export function whyUnreadable(error: unknown): FileFault {
  if (error instanceof FileFault) return error
  if (error instanceof RefitError) throw error
  const message = error instanceof Error ? error.message : String(error)
  refuseShortage(error)
  if (!(error instanceof Error)) throw error
  // An internal error of DuckDB at a drop spoils what is read after it: that is for whoever reads each alone.
  if (message.includes('database has been invalidated')) throw error
  if (message.includes('Out of Memory Error')) return new FileFault({ code: 'unreadable', message: 'The file needs more memory than reading it may take; send it in smaller pieces, or raise limits.dataMemory in the definition.' }, { cause: error })
  const row = rowOf(message)
  const samples = row === undefined || row === 0 ? {} : { samples: [{ row, value: originalLine(message) }] }
  const place = row === undefined ? 'The file' : row === 0 ? 'The header' : `Row ${row}`
  const because = { cause: error }
  const ragged = /Expected Number of Columns: (\d+) Found: (\d+)/.exec(message)
  if (ragged !== null) {
    // Of the values that are too many it has counted the first only.
    const has = Number(ragged[2]) > Number(ragged[1]) ? 'more values than the header' : `${ragged[2] ?? '?'} values, the header has ${ragged[1] ?? '?'}`
    return new FileFault({ code: 'ragged-row', message: `${place} has ${has}.`, ...samples }, because)
  }
  if (/not utf-8 encoded|invalid UTF-8/i.test(message)) return new FileFault({ code: 'wrong-encoding', message: `${place} is not UTF-8 text; save the file as UTF-8, or declare what it is, e.g. format: { encoding: 'windows-1252' }.`, ...samples }, because)
  if (/unterminated quote/.test(message)) return new FileFault({ code: 'open-quote', message: `${place} has a quote that is not closed, or one inside a value that is not doubled.`, ...samples }, because)
  const malformed = /Malformed JSON in file .*?, at byte (\d+) in \S+ \d+: (.*)/.exec(message)
  if (malformed !== null) return new FileFault({ code: 'unreadable', message: `${place} is not valid JSON, at byte ${malformed[1] ?? '?'}: ${malformed[2]?.trim() ?? ''}`, ...samples }, because)
  if (/Maximum line size of|maximum_object_size/.test(message)) return new FileFault({ code: 'too-long-line', message: `${place} is longer than a row can be; a quote or line end is probably missing.`, ...samples }, because)
  if (message.includes('state machine reached an invalid state')) return new FileFault({ code: 'mixed-line-ends', message: 'Its lines end in different ways: by line feed, carriage return, or both.' }, because)
  const reason = message.replace(/^[A-Z][\w ]*Error: /, '').split('\n')[0] ?? ''
  return new FileFault({ code: 'unreadable', message: `The file cannot be read: ${reason.replaceAll(/(?:\bfile )?["']?\/[^"'\s]+["']?/gi, 'the file').slice(0, 300)}` }, because)
}

/** 1 is the first data row; 0 is the header. In JSON DuckDB counts from 2. */
function rowOf(message: string): number | undefined {
  const line = /CSV Error on Line: (\d+)/.exec(message)?.[1] ?? /Malformed JSON in file .*? in (?:line|record\/value) (\d+)/.exec(message)?.[1]
  return line === undefined ? undefined : Math.max(0, Number(line) - 1)
}

function originalLine(message: string): string {
  return /Original Line:\s*(.*)/.exec(message)?.[1]?.trim().slice(0, 200) ?? ''
}

/** @throws the error itself when the machine is short of something, for that is no fault of a file */
export function refuseShortage(error: unknown): void {
  if (error instanceof Error && isShortage(error.message)) throw error
}

/** Whether words of an error tell that the disk is full or broken, or that too many files are open. */
export function isShortage(message: string): boolean {
  return /No space left on device|Too many open files|Input\/output error|Disk quota exceeded|\b(ENOSPC|EDQUOT|EMFILE|ENFILE|EIO|EROFS)\b/.test(message)
}
