import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const folder = fileURLToPath(new URL('../../../../shared/data', import.meta.url))

/** Why a test of real data is skipped; undefined where the data is there. */
export const noSharedData: string | undefined = existsSync(folder) ? undefined : 'there is no ../shared/data beside the project'

/** One file a week, in order. */
export interface WeeklyFile {
  readonly name: string
  readonly rows: number
  readonly content: string
}

/** A file of the shared data, cut by the ISO week of a column of dates. */
export function weeklyFiles(file: string, dateColumn: string): readonly WeeklyFile[] {
  const [head = '', ...lines] = readFileSync(join(folder, file), 'utf8').trim().split('\n')
  const at = head.split(',').indexOf(dateColumn)
  const weeks = new Map<string, string[]>()
  for (const line of lines) {
    const week = isoWeek(new Date(`${(line.split(',')[at] ?? '').slice(0, 10)}T00:00:00Z`))
    const rows = weeks.get(week)
    if (rows === undefined) weeks.set(week, [line])
    else rows.push(line)
  }
  return [...weeks].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([week, rows]) => ({ name: `${week}.csv`, rows: rows.length, content: [head, ...rows, ''].join('\n') }))
}

/** E.g. `2014-W18`: the week's Thursday decides its year (ISO 8601). */
function isoWeek(date: Date): string {
  const thursday = new Date(date.getTime() + (3 - ((date.getUTCDay() + 6) % 7)) * 86_400_000)
  const week = Math.floor((thursday.getTime() - Date.UTC(thursday.getUTCFullYear(), 0, 1)) / (7 * 86_400_000)) + 1
  return `${thursday.getUTCFullYear()}-W${String(week).padStart(2, '0')}`
}
