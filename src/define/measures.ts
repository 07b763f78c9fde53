/** Durations, shares and sizes as the project file writes them. */

type Unit = 'millisecond' | 'second' | 'minute' | 'hour' | 'day' | 'week'

/** E.g. `'52 weeks'`, `'10 minutes'`, `'1 day'`. */
export type Duration = `${number} ${Unit | `${Unit}s`}`

/** E.g. `'20%'`. */
export type Share = `${number}%`

/** E.g. `'50 MB'`, `'1.5 GiB'`. */
export type Size = `${number} ${SizeUnit}`

type SizeUnit = 'B' | 'kB' | 'MB' | 'GB' | 'KiB' | 'MiB' | 'GiB'

const unitBytes: Readonly<Record<SizeUnit, number>> = { B: 1, kB: 1e3, MB: 1e6, GB: 1e9, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 }

const unitMilliseconds: Readonly<Record<Unit, number>> = {
  millisecond: 1,
  second: 1000,
  minute: 60_000,
  hour: 3_600_000,
  day: 86_400_000,
  week: 604_800_000,
}

/** Whole milliseconds of a duration; undefined if the text is none. */
export function parseDuration(text: string): number | undefined {
  const milliseconds = Math.round(parseMilliseconds(text) ?? 0)
  return milliseconds > 0 ? milliseconds : undefined
}

/** Milliseconds of a duration, also parts of one; undefined if the text is none. */
export function parseMilliseconds(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?) (millisecond|second|minute|hour|day|week)s?$/.exec(text)
  const unit = Object.entries(unitMilliseconds).find(([name]) => name === match?.[2])
  if (match === null || unit === undefined) return undefined
  const milliseconds = Number(match[1]) * unit[1]
  return milliseconds > 0 ? milliseconds : undefined
}

/** Whole bytes of a size; undefined if the text is none. */
export function parseSize(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?) (\w+)$/.exec(text)
  const unit = Object.entries(unitBytes).find(([name]) => name === match?.[2])
  if (match === null || unit === undefined) return undefined
  const bytes = Math.round(Number(match[1]) * unit[1])
  return bytes > 0 ? bytes : undefined
}

/** A share as a number in (0, 1); undefined if the text is none. */
export function parseShare(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)%$/.exec(text)
  const share = match === null ? Number.NaN : Number(match[1]) / 100
  return share > 0 && share < 1 ? share : undefined
}
