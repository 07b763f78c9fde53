import type { RolloutStep } from './stored-deployment.js'
import type { StoredTrigger } from './stored-definition.js'

/** Parts of a stored definition as the project file would have them, for people. */

const MEGABYTE = 1_000_000
const units = [
  ['week', 604_800_000],
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1000],
] as const
/** Within `split` and `deploy`, and by itself. */
const shares: ReadonlySet<string> = new Set(['test', 'validation', 'groups', 'holdout', 'errors', 'refusals', 'share'])

/** A path of the stored definition as the project file has it. */
export function writtenPath(path: string): string {
  return path
    .replace(/^dropsOverdueMilliseconds$/, 'dropsOverdueAfter')
    .replace(/^deploy\.milliseconds$/, 'deploy.for')
    .replace(/^limits\.(\w+)Milliseconds$/, 'limits.$1Time')
    .replace(/\.milliseconds$/, '')
    .replace(/(Milliseconds|Bytes)$/, '')
}

/** The value at a path of a definition. */
export function valueWords(path: string, value: unknown): string {
  const name = path.split('.').at(-1) ?? ''
  if (name === 'steps' && Array.isArray(value)) return value.map((step: unknown) => (typeof step === 'number' ? percent(step) : String(step))).join(', ')
  if (typeof value === 'number') {
    if (name.toLowerCase().endsWith('milliseconds')) return durationWords(value)
    if (name.endsWith('Bytes')) return `${(value / MEGABYTE).toLocaleString('en-US')} MB`
    return shares.has(name) && (value < 1 || name === 'share') ? percent(value) : String(value)
  }
  if (name === 'predictionLog' && typeof value === 'object' && value !== null) return optionWords(value)
  return typeof value === 'string' ? value : JSON.stringify(value)
}

function percent(share: number): string {
  return `${Number((share * 100).toPrecision(4))} %`
}

/** Something that is told apart by its kind, with what it is told. */
export function kindWords(kind: string, { kind: _kind, options, ...others }: Readonly<Record<string, unknown>>): string {
  const told = typeof options === 'object' && options !== null ? { ...options, ...others } : others
  const words = optionWords(told)
  return words === '' ? kind : `${kind} (${words})`
}

function optionWords(options: object): string {
  return Object.entries(options)
    .map(([name, value]) => `${name.replace(/Milliseconds$/, '').replace(/^milliseconds$/, 'length')} ${valueWords(name, value)}`)
    .join(', ')
}

export function durationWords(milliseconds: number): string {
  const [name, size] = units.find(([, length]) => milliseconds % length === 0) ?? (['millisecond', 1] as const)
  const count = milliseconds / size
  return `${count.toLocaleString('en-US')} ${name}${count === 1 ? '' : 's'}`
}

/** A step of a rollout, e.g. `10 % for 10 minutes`. */
export function stepWords(step: RolloutStep): string {
  return `${step.kind === 'shadow' ? 'mirrored' : percent(step.share)} for ${durationWords(step.milliseconds)}`
}

/** What starts a run, e.g. `on arrival`. */
export function triggerWords(trigger: StoredTrigger): string {
  switch (trigger.kind) {
    case 'arrival':
      return 'on arrival'
    case 'definition':
      return 'on a change of the definition'
    case 'schedule':
      return `"${trigger.cron}" in ${trigger.timeZone}${trigger.catchUp === 'once' ? '' : `, catching up: ${trigger.catchUp}`}`
  }
}
