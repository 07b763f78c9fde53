/** From values to percent of a plot's width or height. */
export interface Scale {
  readonly from: number
  readonly to: number
}

/** A scale on which all values lie, with some room. */
export function scaleOf(values: readonly (number | null | undefined)[], room = 0.06): Scale {
  const known = values.filter((value): value is number => typeof value === 'number' && Number.isFinite(value))
  if (known.length === 0) return { from: 0, to: 1 }
  const [least, most] = known.reduce(([low, high], value) => [Math.min(low, value), Math.max(high, value)], [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY] as readonly [number, number])
  const span = most - least || Math.abs(most) || 1
  return { from: least - span * room, to: most + span * room }
}

/** Where a value lies, in percent with two digits; outside of the scale at its end. */
export function place({ from, to }: Scale, value: number): number {
  return Math.round(Math.min(1, Math.max(0, (value - from) / (to - from))) * 10_000) / 100
}

/** Round values on a scale, about as many as asked for. */
export function ticks({ from, to }: Scale, about = 4): readonly number[] {
  const rough = (to - from) / about
  const size = 10 ** Math.floor(Math.log10(rough))
  const step = size * ([1, 2, 5, 10].find((factor) => factor * size >= rough) ?? 10)
  const first = Math.ceil(from / step)
  const count = Math.floor(to / step) - first + 1
  return Array.from({ length: Math.max(0, Math.min(count, 20)) }, (_, index) => Number(((first + index) * step).toPrecision(12)))
}
