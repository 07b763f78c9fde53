/** Figures of rollouts for people. */

export function percent(share: number): string {
  return `${figure(share * 100)} %`
}

/** A difference of shares. */
export function points(difference: number): string {
  const count = figure(difference * 100)
  return `${count} ${count === '1' ? 'point' : 'points'}`
}

export function milliseconds(value: number): string {
  return value >= 1000 ? `${figure(value / 1000)} s` : `${figure(value)} ms`
}

export function megabytes(bytes: number): string {
  return `${figure(bytes / 1_000_000)} MB`
}

/** Three digits that count; whole numbers whole. */
export function figure(value: number): string {
  if (Number.isInteger(value) || Math.abs(value) >= 1000) return Math.round(value).toLocaleString('en-US')
  return String(Number(value.toPrecision(3)))
}
