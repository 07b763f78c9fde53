import type { DropFault } from './snapshot.js'

/** What DuckDB says of a file it cannot read: its own words are long; the first sentence and the line number are what helps. */
export function unreadable(error: unknown): DropFault {
  const message = error instanceof Error ? error.message : String(error)
  const line = /CSV Error on Line: (\d+)/.exec(message)?.[1]
  const row = line === undefined ? undefined : Math.max(1, Number(line) - 1)
  const ragged = /Expected Number of Columns: (\d+) Found: (\d+)/.exec(message)
  if (ragged !== null) {
    return {
      code: 'ragged-row',
      message: `Row ${row ?? '?'} has ${ragged[2] ?? '?'} values, the header has ${ragged[1] ?? '?'}.`,
      ...(row === undefined ? {} : { samples: [{ row, value: originalLine(message) }] }),
    }
  }
  const reason = message.replace(/^[A-Z][\w ]*Error: /, '').split('\n')[0]?.slice(0, 300) ?? ''
  return { code: 'unreadable', message: `The file cannot be read: ${reason.replaceAll(/"?\/[^\s"]+"?/g, 'the file')}` }
}

function originalLine(message: string): string {
  return /Original Line:\s*(.*)/.exec(message)?.[1]?.trim().slice(0, 200) ?? ''
}
