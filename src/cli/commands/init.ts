import { basename, relative, resolve } from 'node:path'
import { Option, type Command } from 'commander'
import { nameFrom, type Choices, type Question } from '../../define/choices.js'
import type { InferredData } from '../../define/inferred-data.js'
import { proposeProject, type ProposedSource } from '../../define/propose-project.js'
import { choiceFaults, openQuestions } from '../../define/propose-roles.js'
import type { Task } from '../../define/stored-definition.js'
import { refitError } from '../../errors.js'
import { fetchSample } from '../../roles/fetch-sample.js'
import { inspectData } from '../../roles/propose-project.js'
import { writeProject } from '../../roles/write-project.js'
import { contextOf, type GlobalOptions } from '../context.js'
import { openDialogue } from '../dialogue.js'
import { exitCodes } from '../exit-codes.js'
import { dataTable, initReport } from '../init-report.js'
import { refitVersion } from '../refit-version.js'
import type { Terminal } from '../terminal.js'

interface InitOptions extends GlobalOptions {
  readonly from?: string
  readonly endpoint?: string
  readonly region?: string
  readonly folder?: string
  readonly name?: string
  readonly target?: string
  readonly task?: Task
  readonly group?: string
  readonly key?: string
  readonly time?: string
  readonly ignore?: string
  readonly split: 'group' | 'time'
  readonly yes?: boolean
}

export function addInit(program: Command): void {
  program
    .command('init [data]')
    .description('write a project from a file of data, or from a bucket: columns, roles and task inferred, the rest asked')
    .option('--from <address>', 's3://bucket/prefix: its newest object is looked at, and what arrives there are the drops')
    .option('--endpoint <url>', 'of the S3-compatible server, with --from')
    .option('--region <name>', 'of the bucket, with --from')
    .option('--folder <folder>', 'where to write it; default: here')
    .option('--name <model>', 'name of the model; default: from the name of the file')
    .option('--target <column>', 'what is predicted')
    .addOption(new Option('--task <task>', 'default: by the values of the target').choices(['regression', 'classification']))
    .option('--group <column>', 'rows of one value stay on one side of every split; none: no such column')
    .option('--key <column>', 'identifies a row; none: no such column')
    .option('--time <column>', 'when a row happened; none: no such column')
    .option('--ignore <columns>', 'columns of no use, with commas between')
    .addOption(new Option('--split <by>', 'what decides which rows test').choices(['group', 'time']).default('group'))
    .option('--yes', 'take what is proposed instead of asking')
    .action(async (file: string | undefined, _options, command: Command) => {
      const options = command.optsWithGlobals<InitOptions>()
      if ((file === undefined) === (options.from === undefined)) command.error('error: name a file of data, or --from s3://bucket/prefix')
      const { terminal } = contextOf(command)
      const interrupted = new AbortController()
      const interrupt = (): void => interrupted.abort()
      process.once('SIGINT', interrupt)
      try {
        await init(file, options, terminal, interrupted)
      } catch (error) {
        if (!interrupted.signal.aborted) throw error
        terminal.note('\nNothing has been written.')
        process.exitCode = exitCodes.interrupted
      } finally {
        process.removeListener('SIGINT', interrupt)
      }
    })
}

async function init(file: string | undefined, options: InitOptions, terminal: Terminal, interrupted: AbortController): Promise<void> {
  const { from, endpoint, region } = options
  if (from === undefined) {
    const data = resolve(file ?? '')
    await initFrom({ data, origin: basename(data), name: basename(data), source: { kind: 'folder' }, copied: data }, options, terminal, interrupted)
    return
  }
  const access = { ...(endpoint === undefined ? {} : { endpoint }), ...(region === undefined ? {} : { region }) }
  const sample = await fetchSample(from, access, interrupted.signal)
  try {
    const { file: data, address } = sample
    const origin = { data, origin: `${basename(data)} in ${address}`, name: basename(address), source: { kind: 's3', address, ...access }, copied: undefined } as const
    await initFrom(origin, options, terminal, interrupted)
  } finally {
    await sample.dispose()
  }
}

/** What a project is written from. */
interface Origin {
  /** A file to look at. */
  readonly data: string
  /** Where it came from, in words. */
  readonly origin: string
  /** By which the model is named. */
  readonly name: string
  readonly source: ProposedSource
  /** A file that becomes the first drop. */
  readonly copied: string | undefined
}

async function initFrom({ data: file, origin, name, source, copied }: Origin, options: InitOptions, terminal: Terminal, interrupted: AbortController): Promise<void> {
  const folder = resolve(options.folder ?? options.project ?? '.')
  const data = await inspectData(file, interrupted.signal)
  const choices = await settle(data, choicesOf(name, options, data), options.yes === true, terminal, interrupted)
  const project = proposeProject(data, choices, origin, source)
  const written = await writeProject({ folder, project, data: copied, version: refitVersion() }, interrupted.signal)
  if (terminal.json) {
    const columns = project.columns.map(({ name, role, type }) => ({ name, role, type }))
    terminal.document({ folder, model: project.model, task: project.task, target: project.target, columns, ...written })
    return
  }
  for (const line of initReport(terminal, { project, written, rows: data.rows, folder: relative(process.cwd(), folder) })) terminal.line(line)
}

function choicesOf(from: string, options: InitOptions, data: InferredData): Choices {
  const { target, task, group, key, time, split, ignore = '' } = options
  // A name may have a comma in it.
  const ignored = data.columns.some(({ name }) => name === ignore) ? [ignore] : ignore.split(',').map((name) => name.trim()).filter((name) => name !== '')
  return { name: options.name ?? nameFrom(from), target, task, group, key, time, split, ignore: ignored }
}

/**
 * Answers what is open: by the proposals, on the terminal, or not at all.
 * @throws RefitError `flag-needed` without a terminal, `choice-invalid`
 */
async function settle(data: InferredData, given: Choices, yes: boolean, terminal: Terminal, interrupted: AbortController): Promise<Choices> {
  refuseFaults(data, given)
  const open = openQuestions(data, given)
  if (open.length === 0) return given
  if (!yes && !terminal.canAsk) throw flagsNeeded(open)
  let choices = given
  if (yes) {
    for (let [next] = open; next !== undefined; [next] = openQuestions(data, choices)) choices = { ...choices, [next.flag]: next.proposed }
    refuseFaults(data, choices)
    return choices
  }
  for (const line of dataTable(terminal, data)) terminal.line(line)
  const dialogue = openDialogue({ input: process.stdin, output: process.stdout }, interrupted)
  try {
    for (let [next] = open; next !== undefined; [next] = openQuestions(data, choices)) {
      const answered = { ...choices, [next.flag]: await dialogue.ask(next) }
      const faults = choiceFaults(data, answered)
      for (const { message } of faults) dialogue.say(message)
      if (faults.length === 0) choices = answered
    }
  } finally {
    dialogue.end()
  }
  return choices
}

function refuseFaults(data: InferredData, choices: Choices): void {
  const faults = choiceFaults(data, choices)
  if (faults.length > 0) throw refitError('choice-invalid', { count: faults.length }, { faults })
}

function flagsNeeded(open: readonly Question[]): Error {
  const faults = open.map(({ flag, text, options, proposed }) => ({ path: `--${flag}`, message: `${text} Perhaps ${proposed}; there are: ${options.join(', ')}` }))
  return refitError('flag-needed', { flags: open.map(({ flag }) => `--${flag}`).join(', ') }, { faults })
}
