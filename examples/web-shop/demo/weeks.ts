import { setTimeout as delay } from 'node:timers/promises'
import { Type, type Static } from 'typebox'
import { get } from './shop.js'

const POLL_MS = 200
const DEADLINE_MS = 120_000

const Drops = Type.Object({ drops: Type.Array(Type.Object({ key: Type.String(), state: Type.String(), reason: Type.Optional(Type.String()), run: Type.Optional(Type.String()) })) })

const Run = Type.Object({
  id: Type.String(),
  state: Type.String(),
  outcome: Type.Optional(Type.String()),
  version: Type.Optional(Type.Integer()),
  headline: Type.Optional(Type.Object({ metric: Type.String(), candidate: Type.Union([Type.Number(), Type.Null()]), champion: Type.Optional(Type.Union([Type.Number(), Type.Null()])) })),
})

/** What became of one drop. */
export interface DropStory {
  readonly model: string
  readonly drop: string
  readonly state: string
  readonly reason: string | undefined
  readonly run: Static<typeof Run>
}

/** Waits until a drop has been read and the run that read it has ended. */
export async function storyOf(controlUrl: string, model: string, key: string): Promise<DropStory> {
  const deadline = Date.now() + DEADLINE_MS
  for (;;) {
    const { drops } = await get(Drops, `${controlUrl}/api/v1/models/${model}/drops`)
    const drop = drops.find((each) => each.key === key)
    if (drop?.run !== undefined) {
      const run = await get(Run, `${controlUrl}/api/v1/runs/${drop.run}`)
      if (run.state === 'ended') return { model, drop: key, state: drop.state, reason: drop.reason, run }
    }
    if (Date.now() > deadline) throw new Error(`${model}: nothing became of ${key} within ${DEADLINE_MS / 1000} seconds`)
    await delay(POLL_MS)
  }
}

/** The stories as a table: drop, outcome, version, metric of candidate and champion. */
export function tableOf(stories: readonly DropStory[]): string {
  const rows = stories.map(({ model, drop, state, run }) => [
    model,
    drop,
    state === 'ingested' ? (run.outcome ?? '') : state,
    run.outcome === 'promoted' && run.version !== undefined ? `v${run.version}` : '',
    run.headline?.metric ?? '',
    figure(run.headline?.candidate),
    figure(run.headline?.champion),
  ])
  const head = ['model', 'drop', 'outcome', 'version', 'metric', 'candidate', 'champion']
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => row[column]?.length ?? 0)))
  return [head, ...rows].map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ').trimEnd()).join('\n')
}

function figure(value: number | null | undefined): string {
  if (value === undefined) return ''
  return value === null ? 'undefined' : value.toPrecision(4)
}
