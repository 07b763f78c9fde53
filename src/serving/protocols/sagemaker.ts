import type { FastifyReply, FastifyRequest } from 'fastify'
import { refitError } from '../../errors.js'
import type { Signature } from '../../packages/manifest.js'
import { MOST_ROWS } from '../wire.js'
import { parseCsv } from './csv.js'
import { parseMediaType, type Body, type Dialect, type Invocation, type Reading } from './dialect.js'
import { parseLooseJson } from './loose-json.js'
import { mlflow } from './mlflow.js'
import { plainPredictions, type PlainPrediction } from './predictions.js'
import { distinct, fromText, isRecord, namedRows, withValues } from './rows.js'

const CUSTOM_ATTRIBUTES = 'x-amzn-sagemaker-custom-attributes'

const JSON_LINES = ['application/jsonlines', 'application/x-jsonlines', 'application/jsonl', 'application/x-ndjson']

/**
 * What containers of SageMaker answer: CSV without a header and JSON in whatever form clients of its frameworks and
 * built-in algorithms send it, and as answers what is accepted. `acceptDefault` is what is answered where nothing is said.
 */
export function sagemaker(acceptDefault = 'application/json'): Dialect {
  return { read: (invocation) => read(invocation, acceptDefault), refusal: (failure) => ({ type: 'application/json', body: JSON.stringify(failure) }) }
}

function read({ body, contentType, accept }: Invocation, acceptDefault: string): Reading {
  const write = writerOf(accept, acceptDefault)
  return { rows: rowsReader(contentType, body), answer: (answered) => write(plainPredictions(answered)) }
}

function rowsReader(contentType: string, body: string): Reading['rows'] {
  const { type, parameters } = parseMediaType(contentType)
  if (type === 'text/csv') return (signature) => rowsOfCsv(signature, body, parameters.get('header')?.toLowerCase() === 'present')
  if (type === 'application/json') {
    const content = parseLooseJson(body)
    if (isRecord(content) && ['dataframe_split', 'dataframe_records', 'inputs'].some((form) => Object.hasOwn(content, form))) return mlflow.read({ body, contentType: 'application/json', accept: '' }).rows
    return (signature) => rowsOfList(signature, listOf(signature, content))
  }
  if (JSON_LINES.includes(type)) return (signature) => rowsOfList(signature, linesOf(body).map(parseLooseJson))
  throw refitError('media-type-unsupported', {})
}

/** A body is a list of rows, a list in `instances`, or one row by its names. */
function listOf({ inputs }: Signature, content: unknown): readonly unknown[] {
  if (Array.isArray(content)) return content.length === inputs.length && content.every((value) => typeof value !== 'object') ? [content] : content
  if (!isRecord(content)) throw refitError('input-invalid', { reason: 'The body is neither a list of rows nor an object.' })
  const { instances } = content
  return Array.isArray(instances) ? instances : [content]
}

/** Rows by the names of their columns or in the order of the inputs; the built-in algorithms wrap the latter in `features`. */
function rowsOfList(signature: Signature, rows: readonly unknown[]): readonly unknown[] {
  const isInput = signature.inputs.some(({ name }) => name === 'features')
  return namedRows(
    signature,
    rows.map((row) => (!isInput && isRecord(row) && Array.isArray(row['features']) ? row['features'] : row)),
  )
}

function rowsOfCsv(signature: Signature, text: string, hasHeader: boolean): readonly unknown[] {
  const records = parseCsv(text, MOST_ROWS + 1)
  const header = hasHeader ? distinct(records[0] ?? []) : undefined
  return withValues(signature, namedRows(signature, hasHeader ? records.slice(1) : records, header), fromText)
}

/** Lines that are not empty; one more than may be asked about at most. */
function linesOf(text: string): readonly string[] {
  const lines: string[] = []
  for (let at = 0; at < text.length && lines.length <= MOST_ROWS; ) {
    const end = text.indexOf('\n', at)
    const line = text.slice(at, end === -1 ? undefined : end).trim()
    if (line !== '') lines.push(line)
    at = end === -1 ? text.length : end + 1
  }
  return lines
}

type Write = (predictions: readonly PlainPrediction[]) => Body

/** The first accepted type that can be written. @throws RefitError `answer-type-unsupported` */
function writerOf(accept: string, acceptDefault: string): Write {
  const wanted = accept.trim() === '' ? acceptDefault : accept
  for (const part of wanted.split(',')) {
    const { type } = parseMediaType(part)
    const write = type === '*/*' ? writers.get(parseMediaType(acceptDefault).type) : writers.get(type)
    if (write !== undefined) return write
  }
  throw refitError('answer-type-unsupported', { accept: wanted.slice(0, 200) })
}

const writers: ReadonlyMap<string, Write> = new Map<string, Write>([
  ['application/json', (predictions) => ({ type: 'application/json', body: JSON.stringify({ predictions }) })],
  ...JSON_LINES.map((type): [string, Write] => [type, (predictions) => ({ type, body: predictions.map((prediction) => `${JSON.stringify(prediction)}\n`).join('') })]),
  ['text/csv', (predictions) => ({ type: 'text/csv; charset=utf-8', body: predictions.map((prediction) => `${csvValue(prediction)}\n`).join('') })],
])

function csvValue(value: PlainPrediction): string {
  const text = String(value)
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

/** What a caller's program says to itself by way of the endpoint: the answer has it as it was sent. */
export function echoAttributes({ headers }: FastifyRequest, reply: FastifyReply): FastifyReply {
  const attributes = headers[CUSTOM_ATTRIBUTES]
  return typeof attributes === 'string' ? reply.header(CUSTOM_ATTRIBUTES, attributes) : reply
}
