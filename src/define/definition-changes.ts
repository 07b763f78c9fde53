import { Type, type Static } from 'typebox'
import { canonicalJson } from './canonical-json.js'
import { kindWords, triggerWords, valueWords, writtenPath } from './definition-words.js'
import { INCIDENTAL } from './recipe.js'
import { plainPredictionLog } from './resolve-prediction-log.js'
import { plainContract, type StoredColumn, type StoredModel, type StoredRule } from './stored-definition.js'

/** One difference between two definitions of a model. */
export const DefinitionChange = Type.Object({
  /** Where in the definition, e.g. `columns.price.min`. */
  path: Type.String(),
  /** What was and what is, in words; absent where there is none. */
  from: Type.Optional(Type.String()),
  to: Type.Optional(Type.String()),
  /** The change in a few words that stand alone, e.g. `column price: min 1 → 5`. */
  text: Type.String(),
})
export type DefinitionChange = Static<typeof DefinitionChange>

/** As changes name them. */
const incidental: ReadonlySet<string> = new Set(['formatVersion', 'name', ...INCIDENTAL.map((part) => writtenPath(part))])

/** Whether a candidate by the one definition could be another, or be judged otherwise, than by the other. */
export function mattersForModel(changes: readonly DefinitionChange[]): boolean {
  return changes.some(({ path }) => !incidental.has(path.split(/[.[]/, 1)[0] ?? ''))
}

/** What differs between two definitions of a model, in the order of a definition. `ruleWords` says a rule of `check` in a few words. */
export function definitionChanges(before: StoredModel, after: StoredModel, ruleWords: (rule: StoredRule) => string): readonly DefinitionChange[] {
  const { columns: formerColumns, check: formerCheck, triggers: formerTriggers, ...former } = withDefaults(before)
  const { columns, check, triggers, ...present } = withDefaults(after)
  return [
    ...valueChanges('task', former.task, present.task),
    ...columnChanges(formerColumns, columns),
    ...Object.keys({ ...former, ...present })
      .filter((key) => key !== 'task' && key !== 'name')
      .flatMap((key) => valueChanges(key, Reflect.get(former, key), Reflect.get(present, key))),
    ...listChanges('check', formerCheck, check, (rule) => `rule ${ruleWords(rule)}`),
    ...listChanges('triggers', formerTriggers, triggers, (trigger) => `trigger ${triggerWords(trigger)}`),
  ]
}

/** What an absent part means, so that writing it out is no change. */
function withDefaults(model: StoredModel): StoredModel {
  const { delivery, contract, predictionLog, ...rest } = model
  return { ...rest, contract: contract ?? plainContract, delivery: delivery ?? { kind: 'append' }, predictionLog: predictionLog ?? plainPredictionLog }
}

function columnChanges(before: StoredModel['columns'], after: StoredModel['columns']): readonly DefinitionChange[] {
  const names = [...new Set([...Object.keys(after), ...Object.keys(before)])]
  const changes = names.flatMap((name) => columnChange(name, before[name], after[name]))
  const kept = Object.keys(after).filter((name) => Object.hasOwn(before, name))
  // The trainer's files follow the order.
  const moved = canonicalJson(kept) !== canonicalJson(Object.keys(before).filter((name) => Object.hasOwn(after, name)))
  return moved ? [...changes, { path: 'columns', text: 'the columns stand in another order' }] : changes
}

function columnChange(name: string, before: StoredColumn | undefined, after: StoredColumn | undefined): readonly DefinitionChange[] {
  const path = `columns.${name}`
  const kind = ({ type, role }: StoredColumn): string => (role === 'feature' ? `a ${type}` : role)
  if (before === undefined) return after === undefined ? [] : [{ path, to: kind(after), text: `column ${name} added (${kind(after)}${after.optional && after.role !== 'ignored' ? ', optional' : ''})` }]
  if (after === undefined) return [{ path, from: kind(before), text: `column ${name} removed (${kind(before)})` }]
  if (before.role !== after.role) return [{ path: `${path}.role`, from: before.role, to: after.role, text: `column ${name}: ${before.role} → ${after.role}` }]
  return Object.keys({ ...before, ...after }).flatMap((option) => {
    if (option === 'optional' && before.optional !== after.optional) {
      return [{ path: `${path}.optional`, from: String(before.optional), to: String(after.optional), text: `column ${name} becomes ${after.optional ? 'optional' : 'required'}` }]
    }
    return valueChanges(`${path}.${option}`, Reflect.get(before, option), Reflect.get(after, option), `column ${name}: ${option}`)
  })
}

/** Differences of a value and what lies below it; things of another kind are told whole. */
function valueChanges(path: string, before: unknown, after: unknown, label = writtenPath(path)): readonly DefinitionChange[] {
  if (canonicalJson(before) === canonicalJson(after)) return []
  if (isObject(before) && isObject(after) && before['kind'] === after['kind']) {
    return Object.keys({ ...before, ...after }).flatMap((key) => {
      // What an adapter is told is written beside its kind.
      const inner = key === 'options' ? path : `${path}.${key}`
      return valueChanges(inner, before[key], after[key])
    })
  }
  const words = (value: unknown): string => (isObject(value) && typeof value['kind'] === 'string' ? kindWords(value['kind'], value) : valueWords(path, value))
  const [from, to] = [before, after].map((value) => (value === undefined ? undefined : words(value)))
  return [{ path: writtenPath(path), ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }), text: changeText(label, from, to) }]
}

function changeText(label: string, from: string | undefined, to: string | undefined): string {
  if (from === undefined) return `${label} set to ${to ?? 'nothing'}`
  return to === undefined ? `${label} taken out (was ${from})` : `${label} ${from} → ${to}`
}

/** Entries that are only in one of two lists; their order means nothing. */
function listChanges<T>(path: string, before: readonly T[], after: readonly T[], words: (entry: T) => string): readonly DefinitionChange[] {
  const without = (entries: readonly T[], others: readonly T[]): readonly string[] => {
    const known = new Set(others.map((entry) => canonicalJson(entry)))
    return entries.filter((entry) => !known.has(canonicalJson(entry))).map(words)
  }
  return [
    ...without(before, after).map((text) => ({ path, from: text, text: `${text} taken out` })),
    ...without(after, before).map((text) => ({ path, to: text, text: `${text} added` })),
  ]
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
