import { posix } from 'node:path'
import { keepable } from '../database/keepable.js'
import { invalid } from './refusals.js'

/** A tag or a parameter. */
export interface Entry {
  readonly key: string
  readonly value: string
}

export const LONGEST_KEY = 250
/** Whole numbers have 64 bits: each is less than that, and more than its negative. */
export const MOST_INTEGER = 2 ** 63
const LONGEST_PARAM = 6000
const LONGEST_TAG = 8000
const LONGEST_EXPERIMENT_TAG = 5000
const LONGEST_NAME = 500

/** A key, or a name, as it may stand in a list: what a path of that name would lead elsewhere is refused. @throws RefitError `tracking-invalid` */
export function checkKey(key: string, what: 'metric' | 'param' | 'tag', longest = LONGEST_KEY): string {
  if (key === '') throw invalid(`A ${what} name cannot be empty.`)
  if (charactersOf(key) > longest) throw invalid(`${nameOf[what]} '${key.slice(0, 60)}…' had length ${charactersOf(key)}, which exceeded length limit of ${longest}`)
  if (!/^[\p{L}\p{N}_\-.:/ ]+$/u.test(key)) {
    throw invalid(`Invalid ${what} name: ${JSON.stringify(key.slice(0, 100))}. Names may only contain alphanumerics, underscores (_), dashes (-), periods (.), colons(:), spaces ( ), and slashes (/).`)
  }
  const normal = posix.normalize(key)
  if (normal !== key || normal.startsWith('/') || normal === '.' || normal === '..' || normal.startsWith('../')) {
    throw invalid(`Invalid ${what} name: '${key}'. Names may be treated as files in certain cases, and must not resolve to other names when treated as such. This name would resolve to '${normal}'`)
  }
  return key
}

const nameOf = { metric: 'Metric name', param: 'Param key', tag: 'Tag key' } as const

/** A parameter as it is kept: a value that is too long is cut, as MLflow's server does by default. @throws RefitError `tracking-invalid` */
export function paramEntry({ key, value }: Entry): Entry {
  return { key: checkKey(key, 'param'), value: cut(value, LONGEST_PARAM) }
}

/** A tag of a run or a logged model as it is kept. @throws RefitError `tracking-invalid` */
export function tagEntry({ key, value }: Entry): Entry {
  return { key: checkKey(key, 'tag'), value: cut(value, LONGEST_TAG) }
}

/** A tag of an experiment, whose value may be shorter, and is not cut. @throws RefitError `tracking-invalid` */
export function experimentTag({ key, value }: Entry): Entry {
  if (charactersOf(value) > LONGEST_EXPERIMENT_TAG) throw invalid(`Tag value '${value.slice(0, 60)}…' had length ${charactersOf(value)}, which exceeded length limit of ${LONGEST_EXPERIMENT_TAG}`)
  return { key: checkKey(key, 'tag'), value: textOf(value) }
}

/** @throws RefitError `tracking-invalid` */
export function checkExperimentName(name: string): string {
  if (name === '') throw invalid("Invalid experiment name: ''. Expects a string.")
  if (charactersOf(name) > LONGEST_NAME) throw invalid(`'name' exceeds the maximum length of ${LONGEST_NAME} characters`)
  return textOf(name)
}

/** Text that PostgreSQL can keep. */
export function textOf(value: string): string {
  return String(keepable(value))
}

/** How many characters a text has, where some are two halves to JavaScript. */
export function charactersOf(text: string): number {
  return Array.from(text).length
}

/** Counted in characters, not in halves of them. */
function cut(value: string, most: number): string {
  const text = textOf(value)
  return text.length <= most ? text : Array.from(text).slice(0, most).join('')
}

/** Of several entries with one key the last one: a statement may touch a row once. Sorted, so that two batches never wait for each other. */
export function lastOfEach(entries: readonly Entry[]): readonly Entry[] {
  return [...new Map(entries.map((entry) => [entry.key, entry])).values()].toSorted((one, other) => (one.key < other.key ? -1 : 1))
}

/** What a tag says that clients write as JSON; undefined where somebody has set it to something else. */
export function jsonIn(tag: string): unknown {
  try {
    return JSON.parse(tag)
  } catch {
    return undefined
  }
}
