import { number } from '../evaluation/wording.js'
import { markup, type Markup, type Part } from './markup.js'
import { place, ticks, type Scale } from './scale.js'

/** Room for the figures of the axes, in percent of the width and in pixels of the height. */
const LEFT = 11
const RIGHT = 2
export const HEIGHT = 240
const BOTTOM = 34
const TOP = 8

export interface Frame {
  readonly title: string
  /** What can be read from it, for those who do not see it. */
  readonly description: string
  readonly x: Scale
  readonly y: Scale
  readonly xLabel: string
  readonly xWords?: (value: number) => string
  readonly yWords?: (value: number) => string
  /** Instead of round values. */
  readonly xTicks?: readonly number[]
}

/** A chart with its title below, for a page. */
export function chart(frame: Frame, draw: (at: At) => Part): Markup {
  return markup`<figure>${drawing(frame, draw)}<figcaption>${frame.title}</figcaption></figure>`
}

/** A chart alone, as wide as what it stands in: across it goes by percent, so that letters and marks keep their form. */
export function drawing(frame: Frame, draw: (at: At) => Part): Markup {
  const at: At = {
    x: (value) => `${(LEFT + (place(frame.x, value) * (100 - LEFT - RIGHT)) / 100).toFixed(2)}%`,
    y: (value) => Math.round((TOP + (1 - place(frame.y, value) / 100) * (HEIGHT - TOP - BOTTOM)) * 10) / 10,
    width: (span) => `${((span / (frame.x.to - frame.x.from)) * (100 - LEFT - RIGHT)).toFixed(2)}%`,
    ground: HEIGHT - BOTTOM,
  }
  const { xWords = number, yWords = number } = frame
  return markup`<svg role="img" width="100%" height="${HEIGHT}"><title>${frame.title}</title><desc>${frame.description}</desc>${ticks(frame.y).map(
    (tick) => markup`<line class="grid" x1="${LEFT}%" x2="${100 - RIGHT}%" y1="${at.y(tick)}" y2="${at.y(tick)}"/><text x="${LEFT - 1}%" y="${at.y(tick) + 4}" text-anchor="end">${yWords(tick)}</text>`,
  )}<line class="axis" x1="${LEFT}%" x2="${100 - RIGHT}%" y1="${at.ground}" y2="${at.ground}"/>${(frame.xTicks ?? ticks(frame.x)).map(
    (tick) => markup`<text x="${at.x(tick)}" y="${at.ground + 16}" text-anchor="middle">${xWords(tick)}</text>`,
  )}<text x="${100 - RIGHT}%" y="${HEIGHT - 3}" text-anchor="end">${frame.xLabel}</text>${draw(at)}</svg>`
}

/** Where values lie in a chart. */
export interface At {
  readonly x: (value: number) => string
  readonly y: (value: number) => number
  readonly width: (span: number) => string
  readonly ground: number
}

/** A line through points; SVG's own cannot go by percent. */
export function path(at: At, name: string, points: readonly (readonly [number, number])[]): Part {
  return points.slice(1).map(([x, y], index) => {
    const [fromX, fromY] = points[index] ?? [x, y]
    return markup`<line class="path ${name}" x1="${at.x(fromX)}" y1="${at.y(fromY)}" x2="${at.x(x)}" y2="${at.y(y)}"/>`
  })
}
