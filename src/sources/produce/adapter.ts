import { join } from 'node:path'
import { Value } from 'typebox/value'
import { digestOf } from '../../define/canonical-json.js'
import { millisecondsOf } from '../../define/duration-text.js'
import { revealSecrets } from '../../define/secret.js'
import { RefitError, refitError } from '../../errors.js'
import { localFiles, whenUnreadable, type LocalFiles } from '../local-files.js'
import type { ListedObject, Source } from '../source.js'
import { keyOfWatermark } from '../watermark-key.js'
import { options } from './definition.js'
import { runCommand, type Produced } from './run-command.js'

const NAME = 'produce'
const MEGABYTE = 1_000_000

/** Where a command runs, and where its output lies until it is recorded. */
export interface ProducePlace {
  readonly projectFolder: string
  readonly stateFolder: string
  readonly model: string
}

/**
 * What a command writes. Each listing runs it, with the watermark of the newest drop: output that was produced but not
 * recorded is produced again.
 */
export function produceSource({ projectFolder, stateFolder, model }: ProducePlace, given: Readonly<Record<string, unknown>>): Source {
  const { command, every, environment, time, memory } = Value.Parse(options, given)
  const folder = join(stateFolder, 'sources', model)
  const written: LocalFiles = localFiles(join(folder, 'written'), NAME)
  /** Where the files of the last listing lie. */
  let places: ReadonlyMap<string, string> = new Map()
  const limits = { milliseconds: millisecondsOf(time), memoryBytes: Math.round(memory * MEGABYTE) }

  const produced = async (watermark: string | undefined, signal: AbortSignal): Promise<readonly ListedObject[]> => {
    const revealed = Object.fromEntries(Object.entries(environment).map(([name, value]) => [name, revealSecrets(value)]))
    const left = await runCommand({ command, environment: revealed, projectFolder, folder, token: `${stateFolder}/sources/${model}`, limits, watermark }, signal)
    const object = await dropOf(left, watermark, signal)
    return object === undefined ? [] : [object]
  }

  /** Undefined when there is nothing new: no output, or none beyond the former watermark. */
  const dropOf = async ({ output, watermark: after }: Produced, before: string | undefined, signal: AbortSignal): Promise<ListedObject | undefined> => {
    if (output === undefined || (after !== undefined && after === before)) return undefined
    const files = (await written.list(signal)).files.filter(({ key }) => key === 'output' || key.startsWith('output/'))
    const [first] = files
    if (first === undefined && !output.isFolder) throw new Error(`what the command left as ${output.path} is no plain file`)
    const refused = files.find((file) => file.refused !== undefined)
    if (refused !== undefined) throw new Error(`what the command left as ${refused.key} is no plain file: ${refused.refused ?? ''}`)
    if (first === undefined) return undefined
    // Without a watermark each output is a delivery of the same table.
    const key = after === undefined ? 'output' : keyOfWatermark(after)
    const counting = after === undefined ? {} : { watermark: after }
    const named = files.map((file) => ({ ...file, key: `${key}${file.key.slice('output'.length)}` })).toSorted((a, b) => (a.key < b.key ? -1 : 1))
    places = new Map(named.map((file) => [file.key, `output${file.key.slice(key.length)}`]))
    if (!output.isFolder) return { ...first, key, ...counting }
    return { key, version: digestOf(named), bytes: named.reduce((sum, file) => sum + file.bytes, 0), files: named, ...counting }
  }

  return {
    name: NAME,
    appearsWhole: true,
    every: millisecondsOf(every),
    list: async ({ signal, watermark }) => {
      signal.throwIfAborted()
      try {
        return await produced(watermark, signal)
      } catch (error) {
        signal.throwIfAborted()
        if (error instanceof RefitError) throw error
        return whenUnreadable(NAME)(error)
      }
    },
    open: async (file) => {
      const key = places.get(file.key)
      if (key === undefined) throw refitError('source-object-gone', { key: file.key })
      return written.open({ ...file, key })
    },
    // Nothing tells that the command has more.
    watch: () => Promise.resolve(() => Promise.resolve()),
  }
}
