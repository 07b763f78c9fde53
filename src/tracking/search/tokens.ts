import { invalid } from '../refusals.js'

/** A piece of a filter or of an order. Quoted text is kept without its quotes. */
export type Token =
  | { readonly kind: 'word'; readonly text: string }
  | { readonly kind: 'quoted'; readonly quote: "'" | '"' | '`'; readonly text: string }
  | { readonly kind: 'number'; readonly text: string }
  | { readonly kind: 'comparator'; readonly text: string }
  | { readonly kind: '.' | '(' | ')' | ',' }

/** Longer than anybody writes, and short enough to be looked at. */
const LONGEST = 20_000

const patterns: readonly (readonly [kind: Token['kind'] | 'space', pattern: RegExp])[] = [
  ['space', /\s+/y],
  ['number', /-?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?(?![\w])/iy],
  ['word', /[\p{L}_][\p{L}\p{N}_]*/uy],
  ['quoted', /'(?:''|\\'|[^'])*'|"(?:""|\\"|[^"])*"|`[^`]*`/sy],
  ['comparator', /<=|>=|!=|=|<|>/y],
  ['.', /\./y],
  ['(', /\(/y],
  [')', /\)/y],
  [',', /,/y],
]

/** Cuts a text into tokens. @throws RefitError `tracking-invalid` at what is none */
export function tokensOf(text: string): readonly Token[] {
  if (text.length > LONGEST) throw invalid(`The filter is longer than ${LONGEST} characters.`)
  const tokens: Token[] = []
  for (let at = 0; at < text.length; ) {
    const [kind, piece] = nextPiece(text, at, tokens.at(-1)?.kind === '.')
    at += piece.length
    const token = tokenOf(kind, piece)
    if (token !== undefined) tokens.push(token)
  }
  return tokens
}

/** A token as it was written, for messages. */
export function written(token: Token | undefined): string {
  if (token === undefined) return 'the end'
  switch (token.kind) {
    case 'quoted':
      return `${token.quote}${token.text}${token.quote}`
    case 'word':
    case 'number':
    case 'comparator':
      return token.text
    default:
      return token.kind
  }
}

function nextPiece(text: string, at: number, afterDot: boolean): readonly [Token['kind'] | 'space', string] {
  // Behind a dot digits begin a name: `metrics.1st`.
  const tried = afterDot ? [['word', /[\p{L}\p{N}_]+/uy] as const, ...patterns] : patterns
  for (const [kind, pattern] of tried) {
    pattern.lastIndex = at
    const piece = pattern.exec(text)?.[0]
    if (piece !== undefined) return [kind, piece]
  }
  throw invalid(`Invalid clause(s) in filter string: ${JSON.stringify(text.slice(at, at + 40))} cannot be read.`)
}

function tokenOf(kind: Token['kind'] | 'space', piece: string): Token | undefined {
  switch (kind) {
    case 'space':
      return undefined
    case 'word':
    case 'number':
    case 'comparator':
      return { kind, text: piece }
    case 'quoted':
      return { kind, quote: quoteOf(piece), text: piece.slice(1, -1) }
    default:
      return { kind }
  }
}

function quoteOf(piece: string): "'" | '"' | '`' {
  return piece.startsWith("'") ? "'" : piece.startsWith('"') ? '"' : '`'
}
