import { refitError } from '../../errors.js'
import { requireShallow } from '../../http/json-depth.js'

/**
 * JSON as Python writes it: a number that is none is written NaN there, and pandas writes so what is missing. It is
 * read as null.
 * @throws RefitError `input-invalid`, `request-invalid`
 */
export function parseLooseJson(text: string): unknown {
  requireShallow(text)
  try {
    return JSON.parse(text)
  } catch (error) {
    // Looked for only now: whoever writes JSON does not pay for it.
    const repaired = text.includes('NaN') ? parsed(withNulls(text)) : undefined
    if (repaired !== undefined) return repaired.value
    throw refitError('input-invalid', { reason: `Ensure that input is a valid JSON formatted string. Error: ${error instanceof Error ? error.message : String(error)}` })
  }
}

function parsed(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) }
  } catch {
    return undefined
  }
}

/** With null in place of NaN, but within strings. */
function withNulls(text: string): string {
  const pieces: string[] = []
  let at = 0
  for (;;) {
    const quote = text.indexOf('"', at)
    pieces.push(text.slice(at, quote === -1 ? undefined : quote).replaceAll('NaN', 'null'))
    if (quote === -1) return pieces.join('')
    at = endOfString(text, quote)
    pieces.push(text.slice(quote, at))
  }
}

function endOfString(text: string, quote: number): number {
  let at = quote + 1
  while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1
  return at + 1
}
