import { RefitError, refitError } from '../../errors.js'
import type { FailureShape } from '../../http/failures.js'
import type { Signature } from '../../packages/manifest.js'
import type { Answered } from '../ask.js'
import { MOST_ROWS } from '../wire.js'
import { parseCsv } from './csv.js'
import { parseMediaType, type Body, type Dialect, type Invocation, type Reading } from './dialect.js'
import { parseLooseJson } from './loose-json.js'
import { plainPredictions } from './predictions.js'
import { faultWords, refusalWords } from './refusal-words.js'
import { distinct, fromLooseJson, fromText, isRecord, namedRows, onlyInputs, rowsOfColumns, withValues } from './rows.js'

/** The release of MLflow whose scoring server this is like: clients ask for it and compare. */
export const MLFLOW_VERSION = '3.9.0'

const forms = ['dataframe_split', 'dataframe_records', 'instances', 'inputs'] as const
type Form = (typeof forms)[number]

/** With one of these and none of the forms, a body is a conversation: it is one row itself, and its answer is not wrapped. */
const conversationKeys = ['messages', 'prompt', 'input']

/** MLflow's scoring server. As there, columns that are no input are left out, and values are cast to the type of their input. */
export const mlflow: Dialect = { read, refusal: (failure, status) => refusal(failure, status) }

function read({ contentType, body }: Invocation): Reading {
  const { type, parameters } = parseMediaType(contentType)
  const strange = [...parameters].some(([name, value]) => name !== 'charset' || value.toLowerCase() !== 'utf-8')
  if (strange) throw refitError('media-type-unsupported', {})
  switch (type) {
    case 'application/json':
      return readJson(parseLooseJson(body))
    case 'text/csv':
      return { rows: (signature) => rowsOfCsv(signature, body), answer: (answered) => wrapped(plainPredictions(answered)) }
    default:
      throw refitError('media-type-unsupported', {})
  }
}

function readJson(content: unknown): Reading {
  if (!isRecord(content)) throw refitError('input-invalid', { reason: `${ONE_OF}. Received ${Array.isArray(content) ? 'a list' : `unexpected input type '${typeof content}'`}.` })
  const given = forms.filter((form) => Object.hasOwn(content, form))
  if (given.length === 0 && conversationKeys.some((key) => Object.hasOwn(content, key))) {
    return { rows: (signature) => asInputs(signature, [content]), answer: (answered) => json(plainPredictions(answered)) }
  }
  const [form] = given
  if (form === undefined || given.length > 1) throw refitError('input-invalid', { reason: `${ONE_OF}. Received dictionary with input fields: ${Object.keys(content).slice(0, 20).map((key) => key.slice(0, 100)).join(', ') || 'none'}.` })
  return { rows: (signature) => asInputs(signature, rowsOfForm(signature, form, content[form])), answer: (answered) => wrapped(asked(content['params'], answered)) }
}

const ONE_OF = `The input must be a JSON dictionary with exactly one of the input fields ${forms.join(', ')}`

/** Parameters that a model does not know are passed over, as there. All models know one: whether to answer probabilities. */
function asked(params: unknown, answered: Answered): readonly unknown[] {
  return isRecord(params) && params['probabilities'] === true ? answered.predictions : plainPredictions(answered)
}

function asInputs(signature: Signature, rows: readonly unknown[]): readonly unknown[] {
  return withValues(signature, onlyInputs(signature, rows), fromLooseJson)
}

function rowsOfForm(signature: Signature, form: Form, value: unknown): readonly unknown[] {
  switch (form) {
    case 'dataframe_split':
      return rowsOfSplit(signature, value)
    case 'dataframe_records':
      if (!Array.isArray(value)) throw refitError('input-invalid', { reason: `Dataframe records format must be a list of records. Got ${kindOf(value)}.` })
      return namedRows(signature, value)
    case 'instances':
      if (!Array.isArray(value)) throw refitError('input-invalid', { reason: `instances must be a list. Got ${kindOf(value)}.` })
      return rowsByPlace(signature, value)
    case 'inputs':
      if (isRecord(value)) return rowsOfColumns(value)
      if (!Array.isArray(value)) throw refitError('input-invalid', { reason: `inputs must be a list or a dictionary of lists. Got ${kindOf(value)}.` })
      return rowsByPlace(signature, value)
  }
}

/**
 * Rows without names, in the order of the model's inputs. One of another width is a bad request, as on MLflow's server for a model
 * without a schema; a schema with names refuses all such rows there.
 */
function rowsByPlace(signature: Signature, rows: readonly unknown[]): readonly unknown[] {
  try {
    return namedRows(signature, asLists(signature, rows))
  } catch (error) {
    if (!(error instanceof RefitError && error.code === 'rows-invalid')) throw error
    throw refitError('input-invalid', { reason: `It does not fit the model: ${faultWords(error.faults)}` }, { cause: error })
  }
}

/** Values that stand for rows of one column. */
function asLists({ inputs }: Signature, rows: readonly unknown[]): readonly unknown[] {
  return inputs.length === 1 ? rows.map((row) => (typeof row === 'object' ? row : [row])) : rows
}

function rowsOfSplit(signature: Signature, value: unknown): readonly unknown[] {
  if (!isRecord(value)) throw refitError('input-invalid', { reason: `Dataframe split format must be a dictionary. Got ${kindOf(value)}.` })
  const { columns, index, data } = value
  if (!Array.isArray(data)) throw notValid('it has no list `data`')
  if (columns !== undefined && !Array.isArray(columns)) throw notValid('`columns` is no list')
  if (index !== undefined && !(Array.isArray(index) && index.length === data.length)) throw notValid('`index` does not count its rows')
  const names = columns?.map(String)
  // A table that nobody has named has numbers for names: its columns are those of the model, unless some of its inputs are named so too.
  if (names === undefined || (arePlaces(names) && (arePlaces(signature.inputs.map(({ name }) => name)) || !signature.inputs.some(({ name }) => names.includes(name))))) return rowsByPlace(signature, data)
  return namedRows(signature, asLists(signature, data), distinct(names))
}

function arePlaces(names: readonly string[]): boolean {
  return names.every((name, place) => name === String(place))
}

function notValid(what: string): Error {
  return refitError('input-invalid', { reason: `Provided dataframe_split field is not a valid dataframe representation in 'split' format: ${what}.` })
}

function rowsOfCsv(signature: Signature, text: string): readonly unknown[] {
  const [header, ...records] = parseCsv(text, MOST_ROWS + 1)
  if (header === undefined) throw refitError('input-invalid', { reason: 'The CSV is empty; its first line names the columns.' })
  return withValues(signature, onlyInputs(signature, namedRows(signature, records, distinct(header))), fromText)
}

/** As Python calls it. */
function kindOf(value: unknown): string {
  return Array.isArray(value) ? 'list' : isRecord(value) ? 'dictionary' : typeof value
}

function wrapped(predictions: readonly unknown[]): Body {
  return json({ predictions })
}

function json(value: unknown): Body {
  return { type: 'application/json', body: JSON.stringify(value) }
}

const errorCodes: Readonly<Record<number, string>> = {
  400: 'BAD_REQUEST',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'RESOURCE_DOES_NOT_EXIST',
  410: 'RESOURCE_DOES_NOT_EXIST',
  413: 'BAD_REQUEST',
  429: 'REQUEST_LIMIT_EXCEEDED',
  503: 'TEMPORARILY_UNAVAILABLE',
  504: 'TEMPORARILY_UNAVAILABLE',
}

const refusal: FailureShape = (failure, status) => {
  if (status === 415) return { type: 'text/plain; charset=utf-8', body: 'This predictor only supports the following content types: text/csv, application/json, each in UTF-8 and without other parameters.' }
  if (failure.code === 'rows-invalid') return mlflowError('INVALID_PARAMETER_VALUE', `Failed to enforce schema of the data. Error: ${faultWords(failure.faults ?? [])}`)
  return mlflowError(errorCodes[status] ?? 'INTERNAL_ERROR', refusalWords(failure))
}

/** There is no stack to show; clients may look whether there is one. */
function mlflowError(error_code: string, message: string): Body {
  return json({ error_code, message, stack_trace: '' })
}
