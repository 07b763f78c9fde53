import { invalid } from '../refusals.js'
import { tokensOf, written, type Token } from './tokens.js'

export type Comparator = '=' | '!=' | '<' | '<=' | '>' | '>=' | 'LIKE' | 'ILIKE' | 'IN' | 'NOT IN' | 'IS NULL' | 'IS NOT NULL'

export type FilterValue =
  | { readonly kind: 'number'; readonly number: number }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'list'; readonly texts: readonly string[] }
  | { readonly kind: 'none' }

/** A name as it stands before a comparator: `metrics.loss` or `status`. */
export interface Name {
  /** What stands before the first dot; undefined: nothing. */
  readonly entity: string | undefined
  readonly key: string
}

/** One condition of a filter; all of them must hold. */
export interface Condition extends Name {
  readonly comparator: Comparator
  readonly value: FilterValue
}

/**
 * Reads a filter: conditions that are joined by AND, such as
 * `metrics.loss < 0.5 AND params."batch size" = '32' AND attributes.run_id IN ('a', 'b')`.
 * What the names mean is for the search to say.
 * @throws RefitError `tracking-invalid` for anything else
 */
export function parseFilter(text: string): readonly Condition[] {
  const reader = new Reader(tokensOf(text))
  if (reader.peek() === undefined) return []
  const conditions = [condition(reader)]
  while (reader.peek() !== undefined) {
    const token = reader.next()
    if (!isWord(token, 'AND')) throw invalid(`Invalid clause(s) in filter string: expected AND, found ${written(token)}.`)
    conditions.push(condition(reader))
  }
  return conditions
}

/** A name to order by, with its direction. */
export interface Order extends Name {
  readonly isAscending: boolean
}

/** Reads what to order by: `metrics.loss DESC`. @throws RefitError `tracking-invalid` */
export function parseOrder(text: string): Order {
  const reader = new Reader(tokensOf(text))
  const named = name(reader)
  const direction = reader.next()
  const isAscending = direction === undefined || isWord(direction, 'ASC')
  if ((!isAscending && !isWord(direction, 'DESC')) || reader.peek() !== undefined) throw invalid(`Invalid order_by clause '${text.slice(0, 200)}'. Could not be parsed.`)
  return { ...named, isAscending }
}

class Reader {
  #at = 0

  constructor(private readonly tokens: readonly Token[]) {}

  peek(): Token | undefined {
    return this.tokens[this.#at]
  }

  next(): Token | undefined {
    this.#at += 1
    return this.tokens[this.#at - 1]
  }

  /** Goes on if the next token is this word. */
  take(word: string): boolean {
    const found = isWord(this.peek(), word)
    if (found) this.#at += 1
    return found
  }
}

function condition(reader: Reader): Condition {
  const { entity, key } = name(reader)
  const compared = comparator(reader)
  return { entity, key, comparator: compared, value: value(reader, compared) }
}

/** Words behind the first dot belong to the key, with their dots; a quoted key is all of it. */
function name(reader: Reader): Name {
  const first = reader.next()
  if (first?.kind === 'quoted' && first.quote !== "'") return { entity: undefined, key: first.text }
  if (first?.kind !== 'word') throw invalid(`Invalid comparison clause. Expected a name, found ${written(first)}.`)
  const rest: string[] = []
  while (reader.peek()?.kind === '.') {
    reader.next()
    const part = reader.next()
    if (part?.kind === 'quoted' && rest.length === 0) return { entity: first.text, key: part.text }
    if (part?.kind !== 'word') throw invalid(`Invalid comparison clause. Expected a name behind the dot, found ${written(part)}.`)
    rest.push(part.text)
  }
  return rest.length === 0 ? { entity: undefined, key: first.text } : { entity: first.text, key: rest.join('.') }
}

function comparator(reader: Reader): Comparator {
  const token = reader.next()
  if (token?.kind === 'comparator' && isPlain(token.text)) return token.text
  if (isWord(token, 'LIKE')) return 'LIKE'
  if (isWord(token, 'ILIKE')) return 'ILIKE'
  if (isWord(token, 'IN')) return 'IN'
  if (isWord(token, 'NOT') && reader.take('IN')) return 'NOT IN'
  if (isWord(token, 'IS')) {
    const negated = reader.take('NOT')
    if (reader.take('NULL')) return negated ? 'IS NOT NULL' : 'IS NULL'
  }
  throw invalid(`Invalid comparison clause. Expected a comparator, found ${written(token)}.`)
}

function value(reader: Reader, compared: Comparator): FilterValue {
  switch (compared) {
    case 'IS NULL':
    case 'IS NOT NULL':
      return { kind: 'none' }
    case 'IN':
    case 'NOT IN':
      return list(reader)
    default: {
      const token = reader.next()
      if (token === undefined) throw incomplete()
      if (token.kind === 'number') return { kind: 'number', number: Number(token.text) }
      return { kind: 'text', text: text(token) }
    }
  }
}

function list(reader: Reader): FilterValue {
  const open = reader.next()
  if (open === undefined) throw incomplete()
  if (open.kind !== '(') throw invalid('Invalid comparison clause. Expected a list in parentheses behind IN.')
  const texts: string[] = []
  for (;;) {
    texts.push(listed(reader.next(), texts.length === 0))
    const token = reader.next()
    if (token === undefined) throw incomplete()
    if (token.kind === ')') return { kind: 'list', texts }
    if (token.kind === ',' && reader.peek()?.kind === ')') {
      // Python writes a tuple of one so, and scripts paste it.
      reader.next()
      return { kind: 'list', texts }
    }
    if (token.kind !== ',') throw invalid(`${NO_LIST}, but got ill-formed list. Expected a comma or the end of the list, found ${written(token)}.`)
  }
}

const NO_LIST = 'While parsing a list in the query, expected a non-empty list of string values'

/** One value of a list. */
function listed(token: Token | undefined, isFirst: boolean): string {
  if (token === undefined) throw incomplete()
  if (token.kind === ')' && isFirst) throw invalid(`${NO_LIST}, but got empty list`)
  if (token.kind === ',' || token.kind === ')') throw invalid(`${NO_LIST}, but got ill-formed list. Found ${written(token)}.`)
  if (token.kind === 'number') throw invalid(`While parsing a list in the query, expected string value, punctuation, or whitespace, but got different type in list: ${token.text}`)
  return text(token)
}

function incomplete(): Error {
  return invalid('Invalid clause(s) in filter string: it ends in the midst of a comparison.')
}

/** Words of SQL that MLflow's parser takes for no value at all, and not for one that lacks its quotes. */
const constants = ['TRUE', 'FALSE', 'NULL']

function text(token: Token | undefined): string {
  if (token?.kind === 'quoted' && token.quote !== '`') return token.text
  if (token?.kind === 'word' && constants.includes(token.text.toUpperCase())) throw invalid(`Invalid clause(s) in filter string: ${token.text} is no value.`)
  if (token?.kind === 'word') throw invalid(`Parameter value is either not quoted or unidentified quote types used for string value ${token.text}. Use either single or double quotes.`)
  throw invalid(`Expected a quoted string value (e.g. 'my-value'). Found ${written(token)}.`)
}

function isWord(token: Token | undefined, word: string): boolean {
  return token?.kind === 'word' && token.text.toUpperCase() === word
}

function isPlain(text: string): text is '=' | '!=' | '<' | '<=' | '>' | '>=' {
  return ['=', '!=', '<', '<=', '>', '>='].includes(text)
}
