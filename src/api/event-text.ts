import { Type } from 'typebox'
import { Value } from 'typebox/value'
import { DefinitionDifference } from '../registry/definitions.js'
import type { RecordedEvent } from '../runs/event.js'
import { summariseStage } from './stage-summary.js'

/** What the text of events is made from; any of it may be absent. */
const Data = Type.Object({
  drop: Type.Optional(Type.String()),
  key: Type.Optional(Type.String()),
  summary: Type.Optional(Type.String()),
  rows: Type.Optional(Type.Number()),
  trigger: Type.Optional(Type.String()),
  detail: Type.Optional(Type.String()),
  stage: Type.Optional(Type.String()),
  attempt: Type.Optional(Type.Number()),
  milliseconds: Type.Optional(Type.Number()),
  message: Type.Optional(Type.String()),
  outcome: Type.Optional(Type.String()),
  explanation: Type.Optional(Type.String()),
  version: Type.Optional(Type.Number()),
  previous: Type.Optional(Type.Number()),
  cause: Type.Optional(Type.String()),
  by: Type.Optional(Type.Number()),
  reason: Type.Optional(Type.String()),
  cron: Type.Optional(Type.String()),
  count: Type.Optional(Type.Number()),
  source: Type.Optional(Type.String()),
  waitsFor: Type.Optional(Type.String()),
  since: Type.Optional(Type.String()),
  target: Type.Optional(Type.String()),
  step: Type.Optional(Type.Number()),
  champion: Type.Optional(Type.Number()),
  checkedByProxy: Type.Optional(Type.Boolean()),
  job: Type.Optional(Type.String()),
  client: Type.Optional(Type.Number()),
  input: Type.Optional(Type.String()),
  output: Type.Optional(Type.String()),
})
type Data = Type.Static<typeof Data>

/** An event in words, one line, without its time, model and run. A kind that is new here is told by its name. */
export function describeEvent(event: RecordedEvent): string {
  const data: Data = Value.Check(Data, event.data) ? event.data : {}
  return [...sentence(event.kind, event.actor, data, event.data['result'], event.data)].join(' ').replaceAll(/\s+/g, ' ').trim()
}

/** What a definition has changed, and what that means for the next comparison. */
function definedWords(data: RecordedEvent['data']): string {
  if (!Value.Check(DefinitionDifference, data) || data.changes.length === 0) return 'defined'
  const changes = data.changes.map(({ text }) => text).join('; ')
  return `definition changed: ${changes}.${data.comparable === undefined ? '' : ` ${data.comparable.text}`}`
}

function* sentence(kind: string, actor: string, data: Data, result: unknown, raw: RecordedEvent['data']): Generator<string> {
  const { drop, key, summary, rows, stage, version } = data
  const name = `drop ${key ?? drop ?? ''}`
  switch (kind) {
    case 'model.defined':
      yield definedWords(raw)
      break
    case 'model.removed':
      yield 'taken out of the project'
      break
    case 'model.below-standard':
      yield `below standard – ${data.explanation ?? ''}`
      break
    case 'model.meets-standard':
      yield `meets its standard again – ${data.explanation ?? ''}`
      break
    case 'model.retired':
      yield `retired by ${actor} – ${data.reason ?? ''}`
      break
    case 'model.unretired':
      yield `back in life, by ${actor} – ${data.reason ?? ''}`
      break
    case 'drop.recorded':
      yield `${name} recorded`
      break
    case 'drop.ingested':
      yield `${name} ingested`
      if (rows !== undefined) yield `(${rows.toLocaleString('en-US')} rows)`
      if (summary !== undefined) yield `– ${summary}`
      break
    case 'drop.quarantined':
    case 'drop.discarded':
    case 'drop.superseded':
      yield `${name} ${kind.slice('drop.'.length)}`
      if (summary !== undefined) yield `– ${summary}`
      else if (data.reason !== undefined) yield `by ${actor} – ${data.reason}`
      break
    case 'drop.released':
    case 'drop.withdrawn':
    case 'drop.restored':
      yield `${name} ${kind.slice('drop.'.length)} by ${actor}`
      yield `– ${summary ?? data.reason ?? ''}`
      break
    case 'drop.overdue':
      yield `a drop is overdue: none since ${data.since ?? ''}`
      break
    case 'contract.accepted':
      yield `form of ${name} accepted as the contract by ${actor}`
      yield `– ${data.reason ?? ''}`
      break
    case 'run.requested':
    case 'run.coalesced':
      yield kind === 'run.requested' ? 'run requested' : 'fell into the waiting run'
      yield `(${data.trigger ?? 'unknown'}${data.detail === undefined ? '' : `: ${data.detail}`})`
      break
    case 'run.started':
      yield 'run started'
      break
    case 'run.resumed':
      yield 'run resumed'
      break
    case 'run.cancel-requested':
      yield `cancel requested by ${actor}`
      break
    case 'run.ended':
      yield data.outcome ?? 'ended'
      if (data.explanation !== undefined) yield `– ${data.explanation}`
      break
    case 'stage.started':
      yield `${stage ?? 'stage'} …`
      if (data.attempt !== undefined && data.attempt > 1) yield `(attempt ${data.attempt})`
      break
    case 'stage.finished':
      yield `${stage ?? 'stage'} done`
      if (data.milliseconds !== undefined) yield `in ${(data.milliseconds / 1000).toFixed(1)} s`
      if (stage !== undefined && result !== undefined) yield `– ${summariseStage(stage, result)}`
      break
    case 'stage.failed':
      yield `${stage ?? 'stage'} failed`
      if (data.message !== undefined) yield `– ${data.message}`
      break
    case 'version.created':
      yield `version ${version ?? '?'} created`
      if (data.checkedByProxy === true) yield '(checked by proxy)'
      break
    case 'version.approved':
    case 'version.declined':
      yield `version ${version ?? '?'} ${kind.slice('version.'.length)} by ${actor}`
      if (data.reason !== undefined) yield `– ${data.reason}`
      break
    case 'version.expired':
      yield `version ${version ?? '?'} was not approved in time`
      break
    case 'version.superseded':
      yield `version ${version ?? '?'} superseded by version ${data.by ?? '?'}`
      break
    case 'champion.moved':
      yield `version ${version ?? '?'} is champion`
      if (data.previous !== undefined) yield `in place of ${data.previous}`
      if (data.cause !== undefined && data.cause !== 'run') yield `(${data.cause} by ${actor}${data.reason === undefined ? '' : `: ${data.reason}`})`
      break
    case 'rollout.started':
      yield `rollout of version ${version ?? '?'} started beside version ${data.champion ?? '?'}`
      if (data.reason !== undefined) yield `(${data.reason})`
      break
    case 'rollout.step':
      yield `rollout of version ${version ?? '?'}: step ${data.step ?? '?'}`
      break
    case 'rollout.waiting':
      yield `rollout of version ${version ?? '?'} waits in step ${data.step ?? '?'}`
      if (data.explanation !== undefined) yield `– ${data.explanation}`
      break
    case 'rollout.paused':
    case 'rollout.resumed':
      yield `rollout of version ${version ?? '?'} ${kind.slice('rollout.'.length)} by ${actor}`
      yield `– ${data.reason ?? ''}`
      break
    case 'rollout.live':
    case 'rollout.rolled-back':
      yield data.explanation ?? kind
      break
    case 'rollout.aborted':
      yield `rollout of version ${version ?? '?'} aborted`
      if (data.explanation !== undefined) yield `– ${data.explanation}`
      break
    case 'client.recorded':
      yield `client ${data.client ?? '?'} recorded, of version ${version ?? '?'}, by ${actor}`
      break
    case 'client.forgotten':
      yield `client ${data.client ?? '?'} forgotten by ${actor}`
      if (data.reason !== undefined) yield `– ${data.reason}`
      break
    case 'batch.requested':
      yield `batch job ${data.job ?? ''} asked for by ${actor}: ${data.input ?? ''} → ${data.output ?? ''}, by version ${version ?? '?'}`
      break
    case 'batch.ended':
      yield `batch job ${data.job ?? ''} ${data.outcome ?? 'ended'}`
      if (rows !== undefined) yield `– ${rows.toLocaleString('en-US')} rows by version ${version ?? '?'}${data.count === undefined || data.count === 0 ? '' : `, ${data.count.toLocaleString('en-US')} without a prediction`}`
      else if (data.message !== undefined) yield `– ${data.message}`
      break
    case 'schedule.fired':
      yield `schedule ${data.cron ?? ''} fired`
      break
    case 'schedule.missed':
      yield `schedule ${data.cron ?? ''} missed ${data.count ?? 'some'} times`
      break
    case 'source.failed':
    case 'source.recovered':
      yield `source ${data.source ?? ''} ${kind.slice('source.'.length)}`
      if (data.message !== undefined) yield `– ${data.message}`
      break
    case 'source.waiting':
      yield `source ${data.source ?? ''}: ${data.key ?? ''} waits for ${data.waitsFor ?? 'the rest of it'}`
      break
    case 'notification.failed':
      yield `${data.target ?? 'a target'} could not be told: ${data.summary ?? ''}`
      if (data.message !== undefined) yield `– ${data.message}`
      break
    case 'source.refused':
      yield `source ${data.source ?? ''}: ${data.key ?? ''} is not taken, for ${data.message ?? 'it cannot be read'}`
      if (data.count !== undefined && data.count > 1) yield `– and ${data.count - 1} more`
      break
    default:
      yield kind
  }
}
