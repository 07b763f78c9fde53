import type { InferredData } from '../define/inferred-data.js'
import type { ProposedProject } from '../define/propose-project.js'
import type { WrittenProject } from '../roles/write-project.js'
import { printable } from './dialogue.js'
import { count } from './figures.js'
import { cut, table, type Terminal } from './terminal.js'

type Page = Pick<Terminal, 'paint' | 'width'>

const MOST_NAME = 40

/** What was found in the file, before the questions. */
export function dataTable(terminal: Page, { rows, complete, columns }: InferredData): readonly string[] {
  const lines = columns.map(({ name, type, distinct, missing, min, max }) => [
    cut(printable(name), MOST_NAME),
    type,
    count(distinct),
    missing === 0 ? '' : `${Math.max(1, Math.round(missing * 100))} %`,
    min === undefined || max === undefined ? '' : `${min} to ${max}`,
  ])
  return [`${count(rows)} rows${complete ? '' : ' looked at'}`, '', ...table(terminal, ['column', 'type', 'values', 'empty', 'range'], lines), '']
}

/** What was written, and what to do next. */
export function initReport(
  terminal: Page,
  { project, written, rows, folder }: { readonly project: ProposedProject; readonly written: WrittenProject; readonly rows: number; readonly folder: string },
): readonly string[] {
  const { paint } = terminal
  const { model, task, target, columns } = project
  const withRole = (role: string): readonly string[] => columns.filter((column) => column.role === role).map(({ name }) => cut(printable(name), MOST_NAME))
  const roles = ['group', 'key', 'time', 'ignored'].flatMap((role) => {
    const names = withRole(role)
    return names.length === 0 ? [] : [`  ${paint.dim(role.padEnd(9))}${names.join(', ')}`]
  })
  return [
    `${paint.green('✓')} ${paint.bold(model)}  ${task} of ${cut(printable(target), MOST_NAME)} from ${count(withRole('feature').length)} features and ${count(rows)} rows`,
    ...roles,
    '',
    ...written.files.map((file, index) => `  ${paint.dim((index === 0 ? 'Written' : '').padEnd(9))}${printable(file)}`),
    '',
    `  ${paint.dim('Next'.padEnd(9))}look at models/${model}.ts: it is yours to change`,
    ...[...(folder === '' ? [] : [`cd ${folder}`]), `refit up   ${paint.dim(`# the first run begins with ${printable(written.drop ?? 'what has arrived')}`)}`].map((line) => `  ${' '.repeat(9)}${line}`),
  ]
}
