import type { Estimate } from '../evaluation/verdict.js'
import { markup, nothing, type Markup } from './markup.js'
import { place, type Scale } from './scale.js'

/** One model's or difference's figure on a strip. */
export interface Mark {
  readonly of: 'candidate' | 'champion' | 'difference'
  readonly estimate: Estimate
}

export interface Strip {
  /** In words: what the marks show. */
  readonly title: string
  readonly scale: Scale
  readonly marks: readonly Mark[]
  /** Where a rule draws its line. */
  readonly limits?: readonly number[]
  /** Where there is no difference. */
  readonly zero?: boolean
  /** How far from zero a difference cannot be told from it. */
  readonly blind?: number | undefined
}

const LINE = 12

/** A line of a table as a picture: figures with their intervals beside a limit. It is as wide as its cell. */
export function strip({ title, scale, marks, limits = [], zero = false, blind }: Strip): Markup {
  const height = LINE * marks.length + 6
  const x = (value: number): string => `${place(scale, value)}%`
  const band =
    blind === undefined ? nothing : markup`<rect class="blind" x="${x(-blind)}" width="${(place(scale, blind) - place(scale, -blind)).toFixed(2)}%" y="0" height="${height}"/>`
  return markup`<svg class="strip" role="img" width="100%" height="${height}"><title>${title}</title>${band}${
    zero ? markup`<line class="zero" x1="${x(0)}" x2="${x(0)}" y1="0" y2="${height}"/>` : nothing
  }${limits.map((limit) => markup`<line class="limit" x1="${x(limit)}" x2="${x(limit)}" y1="0" y2="${height}"/>`)}${marks.map(({ of, estimate }, index) => {
    const y = LINE * index + LINE / 2 + 3
    const { value, lower, upper } = estimate
    const interval = lower === null || upper === null ? nothing : markup`<line class="interval ${of}" x1="${x(lower)}" x2="${x(upper)}" y1="${y}" y2="${y}"/>`
    return markup`${interval}${value === null ? nothing : point(of, x(value), y)}`
  })}</svg>`
}

/** Models differ by form and not by colour alone. */
export function point(of: Mark['of'], x: string, y: number | string): Markup {
  // A square about a point in percent: a line of no length with square ends.
  return of === 'champion' ? markup`<line class="point champion" x1="${x}" x2="${x}" y1="${y}" y2="${y}"/>` : markup`<circle class="point ${of}" cx="${x}" cy="${y}" r="4"/>`
}
