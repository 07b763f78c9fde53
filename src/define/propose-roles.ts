import type { Fault } from '../errors.js'
import { NONE, type Choices, type Question } from './choices.js'
import { unfitName } from './column.js'
import type { InferredColumn, InferredData } from './inferred-data.js'
import type { ColumnRole, Task } from './stored-definition.js'

/** A column with its part in the model. */
export interface ProposedColumn extends InferredColumn {
  readonly role: ColumnRole
  /** Why it is ignored. */
  readonly reason?: string
}

const targetNames = /^(y|target|label|class|outcome|price|churn(ed)?|response)$/i
const idNames = [/(^|[^a-z])(id|uuid|guid|key)$/i, /[a-z](Id|ID)$/]
const codeNames = /(^|[^a-z])(zip|(zip|post|postal|area)?[ _]?code)$/i
/** From this many groups on, or this share of the rows, an id stands for things of which more will come. */
const GROUPS = { distinct: 100, unique: 0.3 }
const MOST_CLASSES = 1000

/** What the data and the choices leave open, in the order to ask it. */
export function openQuestions(data: InferredData, choices: Choices): readonly Question[] {
  const { columns } = data
  const target = columns.find(({ name }) => name === choices.target)
  const questions: Question[] = []
  if (choices.target === undefined) {
    const possible = columns.filter((column) => column.distinct > 1 && column.type !== 'text' && column.type !== 'time' && column.missing === 0 && !isTaken(column, choices))
    const proposed = possible.find(({ name }) => targetNames.test(name)) ?? possible.at(-1)
    if (proposed !== undefined) questions.push({ flag: 'target', text: 'Which column is predicted?', options: possible.map(({ name }) => name), proposed: proposed.name })
  }
  if (target !== undefined && choices.task === undefined && taskOf(target) === undefined) {
    const text = `${target.name} has ${target.distinct} different whole numbers. Are they amounts (regression) or classes (classification)?`
    questions.push({ flag: 'task', text, options: ['regression', 'classification'], proposed: target.distinct <= 10 ? 'classification' : 'regression' })
  }
  const [group, ...groups] = groupsOf(columns, choices)
  if (choices.group === undefined && group !== undefined && groups.length > 0) {
    const text = 'Rows of which column must stay together, on one side of every split?'
    questions.push({ flag: 'group', text, options: [group.name, ...groups.map(({ name }) => name), NONE], proposed: group.name })
  }
  const [time, ...times] = timesOf(columns, choices)
  if (choices.time === undefined && time !== undefined && times.length > 0) {
    questions.push({ flag: 'time', text: 'Which column tells when a row happened?', options: [time.name, ...times.map(({ name }) => name), NONE], proposed: time.name })
  }
  return questions
}

/** The task that a target's values leave no doubt about. */
export function taskOf({ type, whole, distinct }: InferredColumn): Task | undefined {
  if (type !== 'number' || distinct === 2) return 'classification'
  return !whole || distinct > 20 ? 'regression' : undefined
}

/** Columns with their parts, in the order of the data. Every question must have been answered. */
export function proposeRoles(data: InferredData, choices: Choices): readonly ProposedColumn[] {
  const { columns } = data
  const chosen = new Map<string, ColumnRole>(choices.ignore.map((name) => [name, 'ignored']))
  const give = (role: ColumnRole, name: string | undefined): void => {
    if (name !== undefined && name !== NONE && !chosen.has(name)) chosen.set(name, role)
  }
  give('target', choices.target)
  give('group', choices.group ?? groupsOf(columns, choices)[0]?.name)
  give('time', choices.time ?? timesOf(columns, choices)[0]?.name)
  give('key', choices.key ?? keysOf(columns, { ...choices, ignore: [...chosen.keys()] })[0]?.name)
  return columns.map((column) => {
    const role = chosen.get(column.name)
    if (role !== undefined) return { ...column, role }
    const reason = uselessness(column, data)
    return reason === undefined ? { ...column, type: codeOr(column), role: 'feature' } : { ...column, role: 'ignored', reason }
  })
}

/** What of the choices does not go with the data, each at its flag. */
export function choiceFaults(data: InferredData, choices: Choices): readonly Fault[] {
  const faults: Fault[] = []
  const fault = (flag: string, message: string): void => {
    faults.push({ path: `--${flag}`, message })
  }
  if (!/^[a-z][a-z0-9-]{0,62}$/.test(choices.name)) fault('name', `"${choices.name}" is no name of a model: lower-case letters, digits and hyphens, from a letter on`)
  const named = (flag: string, name: string | undefined): InferredColumn | undefined => {
    const column = data.columns.find((column) => column.name === name)
    if (name !== undefined && name !== NONE && column === undefined) fault(flag, `there is no column "${name}"; there are: ${data.columns.map(({ name }) => name).join(', ')}`)
    return column
  }
  const target = named('target', choices.target)
  if (target !== undefined) for (const message of targetFaults(target, choices.task, data.rows)) fault('target', message)
  for (const name of choices.ignore) named('ignore', name)
  for (const flag of ['group', 'key', 'time'] as const) {
    const column = named(flag, choices[flag])
    if (column === undefined) continue
    if (column.missing > 0) fault(flag, `${column.name} has no value in ${count(column.missing * data.rows)}; every row needs one`)
    if (flag === 'time' && column.type !== 'time') fault(flag, `${column.name} is no time: it needs dates, or ISO 8601`)
  }
  const roles = [choices.target, choices.group, choices.key, choices.time, ...choices.ignore].filter((name) => name !== undefined && name !== NONE)
  for (const name of new Set(roles.filter((name, index) => roles.indexOf(name) !== index))) fault('target', `${name} cannot play several parts`)
  if (choices.split === 'time' && choices.time === NONE) fault('split', 'a split by time needs a time column')
  if (choices.split === 'time' && choices.time === undefined && timesOf(data.columns, choices).length === 0) fault('split', 'a split by time needs a time column, and there is none')
  if (faults.length === 0 && target !== undefined && !proposeRoles(data, choices).some(({ role }) => role === 'feature')) {
    fault('ignore', 'no column is left to predict from')
  }
  return faults
}

/** Why nothing can be made of the data, whatever is chosen; undefined if something can. */
export function unfitData({ columns }: InferredData): string | undefined {
  for (const { name } of columns) {
    const reason = unfitName(name)
    if (reason !== undefined) return `column "${name}" must be renamed: ${reason}`
  }
  return columns.some(({ distinct }) => distinct > 1) ? undefined : 'every column has one value at most'
}

function targetFaults(target: InferredColumn, chosen: Task | undefined, rows: number): readonly string[] {
  const { name, type, distinct, missing } = target
  const task = chosen ?? taskOf(target)
  const strays = chosen === 'classification' ? undefined : target.strays
  return [
    ...(missing > 0 ? [`${name} has no value in ${count(missing * rows)}; leave those rows out`] : []),
    ...(distinct < 2 ? [`${name} has one value at most: there is nothing to learn`] : []),
    ...(strays === undefined ? [] : [`${name} would be a number, but ${count(strays.rows)} say something else, such as "${strays.example}"`]),
    ...(task === 'regression' && type !== 'number' && strays === undefined ? [`${name} is no number, so the task cannot be regression`] : []),
    ...(task === 'classification' && (distinct > MOST_CLASSES || type === 'time') ? [`${name} has ${distinct} different values; that is too many for classes`] : []),
  ]
}

/** Ids with repeats, the coarsest first: it keeps most together. */
function groupsOf(columns: readonly InferredColumn[], choices: Choices): readonly InferredColumn[] {
  return columns
    .filter((column) => isGroup(column) && !isTaken(column, choices))
    .toSorted((one, other) => one.distinct - other.distinct)
}

function keysOf(columns: readonly InferredColumn[], choices: Choices): readonly InferredColumn[] {
  return columns.filter((column) => isId(column) && !isTaken(column, choices) && column.unique === 1 && column.distinct > 1)
}

/** An id whose values stand for things with several rows; a handful of them are rather a category. */
function isGroup(column: InferredColumn): boolean {
  return isId(column) && column.unique < 1 && column.distinct > 1 && (column.distinct >= GROUPS.distinct || column.unique >= GROUPS.unique)
}

function timesOf(columns: readonly InferredColumn[], choices: Choices): readonly InferredColumn[] {
  return columns.filter((column) => column.type === 'time' && column.missing === 0 && column.distinct > 1 && !isTaken(column, choices))
}

/** An id in name and form: no measure, and in every row. */
function isId({ name, type, whole, missing }: InferredColumn): boolean {
  return idNames.some((form) => form.test(name)) && missing === 0 && (type === 'text' || type === 'category' || (type === 'number' && whole))
}

function isTaken({ name }: InferredColumn, { target, group, key, time, ignore }: Choices): boolean {
  return [target, group, key, time, ...ignore].includes(name)
}

/** Whole numbers that only name something, such as postal codes, are categories. */
function codeOr({ name, type, whole, distinct, unique }: InferredColumn): InferredColumn['type'] {
  return type === 'number' && whole && codeNames.test(name) && distinct <= MOST_CLASSES && unique <= 0.5 ? 'category' : type
}

function uselessness(column: InferredColumn, { rows }: InferredData): string | undefined {
  const { type, distinct, unique, strays } = column
  if (distinct === 0) return 'empty'
  if (distinct === 1) return 'always the same'
  if (isGroup(column) || (unique === 1 && rows > 1 && isId(column))) return 'another id'
  if (strays !== undefined && type === 'text') return `a number but for ${count(strays.rows)}, such as ${JSON.stringify(strays.example)}`
  if (type === 'text') return 'free text'
  return type === 'time' ? 'another time' : undefined
}

function count(rows: number): string {
  const whole = Math.round(rows)
  return `${whole.toLocaleString('en-US')} row${whole === 1 ? '' : 's'}`
}
