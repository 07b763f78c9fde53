import { readFile } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import { InvalidArgumentError, Option, type Command } from 'commander'
import { refitError } from '../../errors.js'
import type { Client } from '../client.js'
import { contextOf, modelOrOnly, type CommandContext } from '../context.js'
import { count } from '../figures.js'
import type { Terminal } from '../terminal.js'

/** Entries that the API takes at once. */
const AT_ONCE = 10_000
const CHARACTERS_AT_ONCE = 8_000_000

interface Options {
  readonly key?: string
  readonly prediction?: string
  readonly row?: number
  readonly truth?: string
  readonly input?: string
}

export function addFeedback(program: Command): void {
  program
    .command('feedback [model]')
    .description('tell the truth about rows that were predicted: of one row, or of many by a file')
    .addOption(new Option('--key <key>', 'the row by the name that was sent with it').conflicts(['prediction', 'input']))
    .addOption(new Option('--prediction <id>', 'the row by the id of its answer').conflicts(['input']))
    .addOption(new Option('--row <n>', 'which row of that answer, from 0 on; default 0').argParser(place).conflicts(['key', 'input']))
    .addOption(new Option('--truth <value>', 'what was true: a number, or a label').conflicts(['input']))
    .option('--input <file>', 'many: a JSON array of entries, or an entry a line, as docs/prediction-log.md shows them; - reads standard input')
    .action(async (named: string | undefined, options: Options, command: Command) => {
      const { input, truth, key, prediction } = options
      if (input === undefined && (truth === undefined || (key === undefined && prediction === undefined))) command.error("error: it needs '--truth <value>' with '--key <key>' or '--prediction <id>', or '--input <file>'")
      await tell(contextOf(command), named, options)
    })
}

async function tell({ terminal, connect }: CommandContext, named: string | undefined, { input, ...one }: Options): Promise<void> {
  const api = await connect()
  // An answer is of one model.
  const model = named === undefined && one.prediction !== undefined ? (await api.prediction(one.prediction)).model : await modelOrOnly(api, named)
  const entries = input === undefined ? [await entryOf(api, model, one)] : entriesIn(await contentOf(input), input)
  const { taken, notLogged } = await giveAll(api, model, entries, terminal)
  if (terminal.json) terminal.document({ model, taken, notLogged })
  else {
    terminal.line(`${terminal.paint.green('✓')} ${model}  ${taken === 1 ? '1 entry is' : `${count(taken)} entries are`} kept`)
    if (notLogged > 0) terminal.line(`  ${notLogged === 1 ? '1 is about an answer' : `${count(notLogged)} are about answers`} that ${notLogged === 1 ? 'was' : 'were'} not sampled for the log: there is nothing to compare with`)
  }
}

/** Labels are texts, also those that look like numbers. */
async function entryOf(api: Pick<Client, 'model'>, model: string, { key, prediction, row, truth = '' }: Options): Promise<object> {
  const { task } = await api.model(model)
  const value = task === 'regression' && truth.trim() !== '' && Number.isFinite(Number(truth)) ? Number(truth) : truth
  return key === undefined ? { prediction, ...(row === undefined ? {} : { row }), truth: value } : { key, truth: value }
}

/** As many at once as the API takes: what it refuses is kept in no part, and what came before stays. */
async function giveAll(api: Pick<Client, 'giveFeedback'>, model: string, entries: readonly unknown[], terminal: Pick<Terminal, 'note'>): Promise<{ readonly taken: number; readonly notLogged: number }> {
  let taken = 0
  let notLogged = 0
  for (let start = 0; start < entries.length || start === 0; ) {
    const part = fitting(entries, start)
    try {
      const answer = await api.giveFeedback(model, part)
      taken += answer.taken
      notLogged += answer.notLogged
    } catch (error) {
      if (start > 0) terminal.note(`Entries 1 to ${count(start)} are kept. feedback[0] below is entry ${count(start + 1)}; to send all of the file again does no harm.`)
      throw error
    }
    start += Math.max(part.length, 1)
  }
  return { taken, notLogged }
}

function fitting(entries: readonly unknown[], start: number): readonly unknown[] {
  let characters = 0
  let end = start
  while (end < Math.min(entries.length, start + AT_ONCE)) {
    characters += JSON.stringify(entries[end]).length
    if (characters > CHARACTERS_AT_ONCE && end > start) break
    end += 1
  }
  return entries.slice(start, end)
}

async function contentOf(input: string): Promise<string> {
  if (input === '-') return text(process.stdin)
  try {
    return await readFile(input, 'utf8')
  } catch (error) {
    throw refitError('file-unreadable', { file: input, reason: error instanceof Error ? error.message : String(error) }, { cause: error })
  }
}

/** The entries of one JSON document, or of a line each. */
function entriesIn(content: string, file: string): readonly unknown[] {
  const whole = parse(content)
  if (whole !== undefined) {
    if (Array.isArray(whole)) return whole
    return typeof whole === 'object' && whole !== null && 'feedback' in whole && Array.isArray(whole.feedback) ? whole.feedback : [whole]
  }
  const entries: unknown[] = []
  for (const [index, line] of content.split('\n').entries()) {
    if (line.trim() === '') continue
    const entry = parse(line)
    if (entry === undefined) throw refitError('feedback-unreadable', { file: file === '-' ? 'standard input' : file, reason: `line ${index + 1} is no JSON` })
    entries.push(entry)
  }
  return entries
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    return undefined
  }
}

function place(value: string): number {
  if (!/^\d{1,6}$/.test(value)) throw new InvalidArgumentError('It is a whole number from 0 on.')
  return Number(value)
}
