import { refitError } from '../../errors.js'

/**
 * The records of a CSV text (RFC 4180), each a list of its values; empty lines are none. Reading ends beyond `most`
 * records, so that a body of nothing but line ends costs no more than it may.
 * @throws RefitError `request-invalid`
 */
export function parseCsv(text: string, most: number): string[][] {
  const records: string[][] = []
  let at = text.charCodeAt(0) === BYTE_ORDER_MARK ? 1 : 0
  while (at < text.length && records.length <= most) {
    const { record, next } = readRecord(text, at)
    at = next
    if (record.length > 1 || record[0] !== '') records.push(record)
  }
  return records
}

const BYTE_ORDER_MARK = 0xfe_ff
const plainEnd = /[,\r\n]/g

function readRecord(text: string, start: number): { readonly record: string[]; readonly next: number } {
  const record: string[] = []
  let at = start
  for (;;) {
    const { value, next } = text[at] === '"' ? readQuoted(text, at) : readPlain(text, at)
    record.push(value)
    at = next
    if (text[at] === ',') at += 1
    else return { record, next: afterLineEnd(text, at) }
  }
}

function readPlain(text: string, start: number): { readonly value: string; readonly next: number } {
  plainEnd.lastIndex = start
  const next = plainEnd.exec(text)?.index ?? text.length
  return { value: text.slice(start, next), next }
}

function readQuoted(text: string, start: number): { readonly value: string; readonly next: number } {
  let value = ''
  let at = start + 1
  for (;;) {
    const quote = text.indexOf('"', at)
    if (quote === -1) throw refitError('request-invalid', { reason: 'a quoted value of the CSV does not end' })
    value += text.slice(at, quote)
    if (text[quote + 1] !== '"') {
      const after = text[quote + 1]
      if (after !== undefined && after !== ',' && after !== '\r' && after !== '\n') throw refitError('request-invalid', { reason: 'a quoted value of the CSV goes on after its end' })
      return { value, next: quote + 1 }
    }
    value += '"'
    at = quote + 2
  }
}

function afterLineEnd(text: string, at: number): number {
  return text[at] === '\r' && text[at + 1] === '\n' ? at + 2 : at + 1
}
