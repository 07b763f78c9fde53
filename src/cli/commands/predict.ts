import { readFile } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import { Option, type Command } from 'commander'
import { Type } from 'typebox'
import { Value } from 'typebox/value'
import { deserialiseError, refitError } from '../../errors.js'
import { Failure } from '../../http/failure.js'
import { contextOf, type CommandContext } from '../context.js'
import { call, textOf } from '../http.js'
import { scoreFile } from '../score-file.js'
import { findVersion } from '../version-elsewhere.js'

/** As much of the answer as is shown; with --json all of it is. */
const Prediction = Type.Object({ version: Type.Integer(), id: Type.Optional(Type.String()), predictions: Type.Array(Type.Unknown()) })

interface Options {
  readonly row?: string
  readonly input?: string
  readonly output?: string
  readonly overwrite?: boolean
}

export function addPredict(program: Command): void {
  program
    .command('predict <model>')
    .description('ask for predictions: of some rows at the endpoint, or of a whole file of any size; <model>@<version> names a version')
    .addOption(new Option('--row <json>', 'one row, as a JSON object').conflicts(['input', 'output']))
    .option('--input <file>', 'a row or an array of rows, as JSON; - reads standard input. With --output a file of any size: CSV, JSON or Parquet')
    .option('--output <file>', 'write all rows with their predictions: .parquet, .csv, .ndjson or .json')
    .option('--overwrite', 'put the output in the place of one that is there')
    .action(async (model: string, options: Options, command: Command) => {
      const context = contextOf(command)
      if (options.output === undefined) await askEndpoint(context, model, options)
      else if (options.input === undefined || options.input === '-') command.error("error: option '--output <file>' needs '--input <file>'")
      else process.exitCode = await scoreFile(context, model, { input: options.input, output: options.output, overwrite: options.overwrite ?? false })
    })
}

async function askEndpoint({ terminal, connect, authorization }: CommandContext, named: string, options: Options): Promise<void> {
  const rows = rowsOf(await inputOf(options))
  const api = await connect()
  const { model, number } = await findVersion(api, named)
  const { endpoint } = await api.model(model)
  if (endpoint === undefined) throw refitError('not-serving', { model })
  const url = named.includes('@') ? endpoint.replace(/\/predict$/, `/versions/${number}/predict`) : endpoint
  const answer = await call({ method: 'POST', url, headers: { ...authorization, 'Content-Type': 'application/json' }, body: JSON.stringify({ rows }) })
  const content = parse(await textOf(answer))
  if (answer.statusCode !== 200) throw refusalOf(content, answer.statusCode ?? 0)
  if (terminal.json || !Value.Check(Prediction, content)) {
    terminal.document(content)
    return
  }
  for (const prediction of content.predictions) terminal.line(typeof prediction === 'string' ? prediction : JSON.stringify(prediction))
  terminal.note(terminal.paint.dim(`version ${content.version}${content.id === undefined ? '' : `  id ${content.id}`}`))
}

async function inputOf({ row, input }: { readonly row?: string; readonly input?: string }): Promise<string> {
  if (row !== undefined) return row
  if (input === '-') return text(process.stdin)
  if (input === undefined) throw refitError('row-invalid', { reason: 'none is given' })
  try {
    return await readFile(input, 'utf8')
  } catch (error) {
    throw refitError('file-unreadable', { file: input, reason: error instanceof Error ? error.message : String(error) }, { cause: error })
  }
}

/** One object is one row; an array is many; what is already `{ rows: […] }` is taken as it is. */
function rowsOf(input: string): readonly unknown[] {
  const value = parse(input)
  if (value === undefined) throw refitError('row-invalid', { reason: 'the text cannot be parsed' })
  if (Array.isArray(value)) return value
  if (typeof value !== 'object' || value === null) throw refitError('row-invalid', { reason: 'it is neither an object nor an array' })
  return 'rows' in value && Array.isArray(value.rows) ? value.rows : [value]
}

function parse(input: string): unknown {
  try {
    return JSON.parse(input)
  } catch {
    return undefined
  }
}

function refusalOf(content: unknown, status: number): Error {
  const known = Value.Check(Failure, content) ? deserialiseError({ ...content, status }) : undefined
  return known ?? refitError('answer-unexpected', { reason: `status ${status} from the serving endpoint` })
}
