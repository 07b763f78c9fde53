import type { Choices } from './choices.js'
import type { InferredData } from './inferred-data.js'
import { proposeRoles, taskOf, type ProposedColumn } from './propose-roles.js'
import type { Task } from './stored-definition.js'

/** A new project: its one model, and the texts of its files by path. */
export interface ProposedProject {
  readonly model: string
  readonly task: Task
  readonly target: string
  readonly columns: readonly ProposedColumn[]
  /** Where drops are put, relative to the project; undefined where they arrive elsewhere. */
  readonly drops: string | undefined
  /** In the order to write them: the project file comes last, for it makes the folder a project. */
  readonly files: readonly { readonly path: string; readonly text: string }[]
}

/** Where drops will arrive: in a folder of the project, or in a bucket. */
export type ProposedSource = { readonly kind: 'folder' } | { readonly kind: 's3'; readonly address: string; readonly endpoint?: string | undefined; readonly region?: string | undefined }

const MOST_CLASSES_LISTED = 10
const HOUR = 3_600_000
const exampleChecks: Readonly<Record<Task, string>> = {
  regression: 'm.mape.atMost(0.15), m.mae.notWorseThanChampion({ relative: 0.03 })',
  classification: 'm.rocAuc.atLeast(0.7), m.logLoss.notWorseThanChampion({ relative: 0.03 })',
}

/**
 * Writes the files of a project from what its first data tells and from the choices, in which nothing is open and
 * which fit the data. `origin` is the name of the data's file.
 */
export function proposeProject(data: InferredData, choices: Choices, origin: string, source: ProposedSource = { kind: 'folder' }): ProposedProject {
  const columns = proposeRoles(data, choices)
  const target = columns.find(({ role }) => role === 'target')
  const task = target === undefined ? undefined : (choices.task ?? taskOf(target))
  if (target === undefined || task === undefined) throw new Error('a project was to be written with questions open')
  const { name } = choices
  const drops = source.kind === 'folder' ? `drops/${name}` : undefined
  return {
    model: name,
    task,
    target: target.name,
    columns,
    drops,
    files: [
      { path: `models/${name}.ts`, text: modelText({ name, task, target: target.name, columns, source: sourceText(name, source), split: splitText(choices, columns) }, data, origin) },
      { path: 'refit.config.ts', text: projectText(name) },
    ],
  }
}

interface ModelParts {
  readonly name: string
  readonly task: Task
  readonly target: string
  readonly columns: readonly ProposedColumn[]
  readonly source: { readonly helper: string; readonly text: string; readonly remark: string }
  readonly split: { readonly helper: string; readonly text: string; readonly remark: string }
}

function modelText({ task, target, columns, source, split }: ModelParts, { rows, complete }: InferredData, origin: string): string {
  const lines = columns.map((column) => ({ code: `    ${property(column.name)}: ${helperOf(column, task)},`, remark: remarkOn(column, task) }))
  const width = Math.min(48, Math.max(...lines.map(({ code }) => code.length)))
  const helpers = [split.helper, 'column', 'defineModel', source.helper, 'gradientBoostedTrees', 'onArrival'].toSorted()
  return `import { ${helpers.join(', ')} } from 'refit'

// Predicts ${comment(target)}. Written by \`refit init\` from ${comment(origin)} (${complete ? '' : 'its first '}${figure(rows)} rows); it is yours to change.
export default defineModel({
  task: '${task}',
  columns: {
${lines.map(({ code, remark }) => (remark === '' ? code : `${code.padEnd(width)} // ${remark}`)).join('\n')}
  },
  source: ${source.text}, // ${source.remark}
  split: ${split.text},${split.remark}
  train: gradientBoostedTrees(), // or command(['python', 'train.py']), or module('./train.ts')
  // Without a check, a candidate must beat the trivial baseline and must not be worse than the champion. To ask for more:
  // check: (m) => [${exampleChecks[task]}],
  triggers: [onArrival()],
})
`
}

function projectText(name: string): string {
  const variable = variableFor(name)
  return `import { defineProject } from 'refit'
import ${variable} from './models/${name}.js'

export default defineProject({
  models: { ${property(name)}: ${variable} },
})
`
}

function sourceText(name: string, source: ProposedSource): ModelParts['source'] {
  if (source.kind === 'folder') return { helper: 'folder', text: `folder('drops/${name}')`, remark: 'every file that arrives there is a drop' }
  const options = [['endpoint', source.endpoint], ['region', source.region]].flatMap(([option, value]) => (value === undefined ? [] : [`${option}: ${literal(value)}`]))
  const given = options.length === 0 ? '' : `, { ${options.join(', ')} }`
  return { helper: 's3', text: `s3(${literal(source.address)}${given})`, remark: 'every object that arrives there is a drop' }
}

function splitText({ split }: Choices, columns: readonly ProposedColumn[]): ModelParts['split'] {
  if (split === 'group') return { helper: 'byGroup', text: "byGroup({ test: '20%' })", remark: '' }
  const { newestFifth = 0 } = columns.find(({ role }) => role === 'time') ?? {}
  return { helper: 'byTime', text: `byTime({ test: '${duration(newestFifth)}' })`, remark: ' // the newest fifth of the rows, when this was written' }
}

/** In the largest unit of which there are some, rounded. */
function duration(milliseconds: number): string {
  const units = [
    ['week', 168 * HOUR],
    ['day', 24 * HOUR],
    ['hour', HOUR],
  ] as const
  const [unit, size] = units.find(([, size]) => milliseconds >= 3 * size) ?? (['hour', HOUR] as const)
  const count = Math.max(1, Math.round(milliseconds / size))
  return `${count} ${unit}${count === 1 ? '' : 's'}`
}

function helperOf(column: ProposedColumn, task: Task): string {
  const { role, type, missing } = column
  const optional = missing > 0 ? '{ optional: true }' : ''
  switch (role) {
    case 'feature':
      return `column.${type === 'number' || type === 'boolean' ? type : 'category'}(${optional})`
    case 'target': {
      const classes = classesOf(column, task)
      return `column.target(${classes.length === 0 ? '' : `{ values: [${classes.map(literal).join(', ')}] }`})`
    }
    case 'time':
    case 'group':
    case 'key':
    case 'weight':
    case 'ignored':
      return `column.${role}()`
  }
}

/** The classes of a target, where they are few enough to be written down; then another one breaks the contract. */
function classesOf({ values = [], distinct }: ProposedColumn, task: Task): readonly string[] {
  return task === 'classification' && distinct <= MOST_CLASSES_LISTED && values.length === distinct ? values : []
}

function remarkOn(column: ProposedColumn, task: Task): string {
  const { role, type, min, max, distinct, missing, unique, reason } = column
  const empty = missing > 0 ? `, ${percent(missing)} empty` : ''
  if (role === 'ignored') return comment(reason ?? '')
  if (role === 'target' && classesOf(column, task).length > 0) return ''
  if (role === 'group') return 'rows with the same value never lie on both sides of a split'
  if ((type === 'number' && role !== 'key') || type === 'time') return comment(`${min ?? ''} to ${max ?? ''}${empty}`)
  return role === 'key' ? (unique === 1 ? 'identifies a row' : '') : `${figure(distinct)} values${empty}`
}

function percent(share: number): string {
  return share < 0.01 ? 'below 1 %' : `${Math.round(share * 100)} %`
}

function figure(count: number): string {
  return count.toLocaleString('en-US')
}

/** A property's name in TypeScript. */
function property(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : literal(name)
}

/** A string literal, whatever the text: names and values come from files that nobody vouches for. */
function literal(text: string): string {
  const escaped = JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")
  // What cannot be seen, or turns the reading direction, is shown by its number.
  return `'${escaped.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (hidden) => `\\u{${(hidden.codePointAt(0) ?? 0).toString(16)}}`)}'`
}

/** A text that cannot end the comment it stands in. */
function comment(text: string): string {
  const line = text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ')
  return line.length > 120 ? `${line.slice(0, 119)}…` : line
}

/** A name for the import: `house-price` gives `housePrice`, and what could be a word of the language gets a suffix. */
function variableFor(name: string): string {
  const words = name.replaceAll(/-+(.?)/g, (_, letter: string) => letter.toUpperCase())
  return /[A-Z0-9]/.test(words) && words !== 'defineProject' ? words : `${words}Model`
}
