import type { Clock } from '../clock.js'
import type { StoredTarget } from '../define/notify.js'
import type { AdapterReference } from '../define/stored-definition.js'
import { localExecutor } from '../executors/local/adapter.js'
import type { Executor } from '../executors/executor.js'
import { emailNotifier } from '../notifications/email/adapter.js'
import type { Notifier } from '../notifications/notifier.js'
import { programNotifier } from '../notifications/program/adapter.js'
import { slackNotifier } from '../notifications/slack/adapter.js'
import { webhookNotifier } from '../notifications/webhook/adapter.js'
import { folderSource } from '../sources/folder/adapter.js'
import { produceSource } from '../sources/produce/adapter.js'
import { querySource } from '../sources/query/adapter.js'
import { s3Source } from '../sources/s3/adapter.js'
import type { Source } from '../sources/source.js'
import { uploadSource } from '../sources/upload/adapter.js'
import { commandTrainer } from '../trainers/command/adapter.js'
import { gradientBoostedTreesTrainer } from '../trainers/gradient-boosted-trees/adapter.js'
import { moduleTrainer } from '../trainers/module/adapter.js'
import type { Trainer } from '../trainers/trainer.js'

/** The adapters of this build: a new one is a line here. */
export { predictors } from './predictors.js'

export const trainers: ReadonlyMap<string, Trainer> = new Map([gradientBoostedTreesTrainer, commandTrainer, moduleTrainer].map((trainer) => [trainer.kind, trainer]))

export const executor: Executor = localExecutor

/** What a source may need to know of the project and the model that it delivers to. */
export interface SourcePlace {
  readonly projectFolder: string
  readonly stateFolder: string
  readonly model: string
}

type OpenSource = (place: SourcePlace, options: AdapterReference['options']) => Source

/** Opens the source of a model. */
export function openSource(place: SourcePlace, { kind, options }: AdapterReference): Source {
  const open = sources.get(kind)
  // The definition was validated against this very list.
  if (open === undefined) throw new Error(`no source of kind ${kind}`)
  return open(place, options)
}

const sources: ReadonlyMap<string, OpenSource> = new Map<string, OpenSource>([
  ['folder', ({ projectFolder }, options) => folderSource(projectFolder, options)],
  ['produce', (place, options) => produceSource(place, options)],
  ['query', (_place, options) => querySource(options)],
  ['s3', (_place, options) => s3Source(options)],
  ['upload', () => uploadSource],
])

/** What a way of telling somebody may need to know of the project. */
export interface NotifierPlace {
  readonly projectFolder: string
  readonly stateFolder: string
  readonly clock: Clock
}

type OpenNotifier = (place: NotifierPlace, target: StoredTarget) => Notifier

/** Opens the way to those whom a project tells. */
export function openNotifier(place: NotifierPlace, target: StoredTarget): Notifier {
  const open = notifiers.get(target.kind)
  // The definition was validated against this very list.
  if (open === undefined) throw new Error(`no notifier of kind ${target.kind}`)
  return open(place, target)
}

const notifiers: ReadonlyMap<string, OpenNotifier> = new Map<string, OpenNotifier>([
  ['email', (_place, { options }) => emailNotifier(options)],
  ['program', ({ projectFolder, stateFolder }, { name, options }) => programNotifier({ projectFolder, stateFolder, target: name }, options)],
  ['slack', (_place, { options }) => slackNotifier(options)],
  ['webhook', ({ clock }, { options }) => webhookNotifier(clock, options)],
])
