/** A number of things. */
export function count(value: number): string {
  return value.toLocaleString('en-US')
}

/** A size in bytes, e.g. `12.4 MB`. */
export function size(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  let value = bytes
  let unit = 0
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000
    unit += 1
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit] ?? ''}`
}

/** A duration, e.g. `0.4 s`, `12 s`, `3 min 05 s`, `2 h 10 min`. */
export function duration(milliseconds: number): string {
  const seconds = Math.max(milliseconds, 0) / 1000
  if (seconds < 10) return `${seconds.toFixed(1)} s`
  if (seconds < 60) return `${Math.round(seconds)} s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return `${minutes} min ${String(Math.floor(seconds % 60)).padStart(2, '0')} s`
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} min`
}

/** How long ago an instant was, e.g. `5 min ago`; a date when that is more than a week. */
export function ago(instant: string, now: number): string {
  const seconds = (now - Date.parse(instant)) / 1000
  if (seconds < 5) return 'now'
  if (seconds < 60) return `${Math.round(seconds)} s ago`
  if (seconds < 3600) return `${Math.round(seconds / 60)} min ago`
  if (seconds < 86_400) return `${Math.round(seconds / 3600)} h ago`
  return seconds < 7 * 86_400 ? `${Math.round(seconds / 86_400)} d ago` : instant.slice(0, 10)
}

/** The time of day of an instant in the local zone. */
export function timeOfDay(instant: string): string {
  return new Date(instant).toLocaleTimeString('en-GB')
}
