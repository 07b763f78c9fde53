import { digestOf } from '../../src/define/canonical-json.js'
import { xoshiro128 } from '../../src/evaluation/random.js'

/** How one object of the plan lives. */
export type Life = 'plain' | 'overwritten' | 'mended' | 'copied' | 'withdrawn' | 'restored' | 'finished-late' | 'never-finished' | 'removed'

export interface PlannedDrop {
  readonly key: string
  readonly life: Life
  /** Of the object whose bytes a copy has. */
  readonly original?: string
}

/** One act of whoever delivers, announces, decides or kills; in the order of the plan. */
export type Act =
  | { readonly kind: 'put' | 'begin'; readonly key: string; readonly content: string }
  | { readonly kind: 'finish' | 'announce' | 'withdraw' | 'restore' | 'remove'; readonly key: string }
  | { readonly kind: 'kill'; readonly parts: 'control' | 'control and children' | 'everything' }

export interface Plan {
  readonly drops: readonly PlannedDrop[]
  readonly acts: readonly Act[]
  /** Order ids that the last snapshot has to hold, each once. */
  readonly rows: ReadonlySet<string>
}

const ROWS = 12
/** How many of 500 drops live in which way; all others are plain. */
const lives: readonly (readonly [Life, number])[] = [
  ['overwritten', 60],
  ['mended', 25],
  ['copied', 15],
  ['withdrawn', 20],
  ['restored', 10],
  ['finished-late', 20],
  ['never-finished', 15],
  ['removed', 10],
]

/**
 * A season of `count` drops: each is announced up to three times and some by nobody, before it is there, after it was
 * overwritten, and in any order; some are half written, copied under another name, withdrawn, restored or removed; and
 * the program is killed `kills` times in between.
 */
export function planDrops(seed: number, count: number, kills: number): Plan {
  const random = randomFrom(seed)
  const below = (limit: number): number => Math.floor(random() * limit)
  const kinds = lives.flatMap(([life, number]) => Array.from({ length: Math.round((number * count) / 500) }, () => life))
  const drops = shuffled(
    Array.from({ length: count }, (_, index): Life => kinds[index] ?? 'plain'),
    random,
  ).map((life, index): PlannedDrop => ({ key: keyOf(index), life }))
  const plain = drops.filter(({ life }) => life === 'plain')
  const planned = drops.map((drop) => (drop.life === 'copied' ? { ...drop, original: plain[below(plain.length)]?.key ?? '' } : drop))

  const rows = new Set<string>()
  const timed: { readonly at: number; readonly act: Act }[] = []
  const add = (at: number, act: Act): void => void timed.push({ at, act })
  const keep = (key: string, delivery: number): void => {
    for (const id of orderIds(key, delivery)) rows.add(id)
  }
  for (const { key, life, original } of planned) {
    // Copies come when what they copy has been taken, decisions when there is something to decide about.
    const at = original === undefined ? random() * 0.8 : 0.85 + random() * 0.1
    for (let times = below(4); times > 0; times -= 1) add(at + (random() - 0.2) * 0.3, { kind: 'announce', key })
    switch (life) {
      case 'plain':
        add(at, { kind: 'put', key, content: contentOf(key, 1) })
        keep(key, 1)
        break
      case 'overwritten':
        add(at, { kind: 'put', key, content: contentOf(key, 1) })
        add(at + 0.02 + random() * 0.15, { kind: 'put', key, content: contentOf(key, 2) })
        keep(key, 2)
        break
      case 'mended':
        // Written by somebody who was interrupted in the middle of a row.
        add(at, { kind: 'put', key, content: contentOf(key, 1).slice(0, -9) })
        add(at + 0.05 + random() * 0.1, { kind: 'put', key, content: contentOf(key, 1) })
        keep(key, 1)
        break
      case 'copied':
        add(at, { kind: 'put', key, content: contentOf(original ?? '', 1) })
        break
      case 'withdrawn':
      case 'restored':
        add(at, { kind: 'put', key, content: contentOf(key, 1) })
        add(0.95 + random() * 0.02, { kind: 'withdraw', key })
        if (life === 'withdrawn') break
        add(0.98 + random() * 0.02, { kind: 'restore', key })
        keep(key, 1)
        break
      case 'finished-late':
      case 'never-finished':
        add(at, { kind: 'begin', key, content: contentOf(key, 1) })
        if (life === 'never-finished') break
        add(at + 0.05 + random() * 0.1, { kind: 'finish', key })
        keep(key, 1)
        break
      case 'removed':
        // It was there long enough to be taken, and what was taken stays.
        add(at * 0.5, { kind: 'put', key, content: contentOf(key, 1) })
        add(0.99, { kind: 'remove', key })
        keep(key, 1)
        break
    }
  }
  const parts = ['control', 'control and children', 'control', 'everything'] as const
  for (let kill = 0; kill < kills; kill += 1) add((kill + random()) / kills, { kind: 'kill', parts: parts[kill % parts.length] ?? 'control' })
  return { drops: planned, acts: timed.toSorted((a, b) => a.at - b.at).map(({ act }) => act), rows }
}

/** Numbers in [0, 1). */
function randomFrom(seed: number): () => number {
  const next = xoshiro128(seed)
  return () => next() / 2 ** 32
}

/** Names as people give them: what S3 encodes in its events is among them. */
function keyOf(index: number): string {
  const name = String(index).padStart(3, '0')
  return [`week-${name}.csv`, `2026/week ${name}.csv`, `2026/Zürich+${name}.csv`, `a%2Fb ${name}.csv`][index % 4] ?? name
}

function orderIds(key: string, delivery: number): readonly string[] {
  return Array.from({ length: ROWS }, (_, row) => `${key}/${delivery}/${row}`)
}

/** Rows that no other delivery has. */
function contentOf(key: string, delivery: number): string {
  const random = randomFrom(Number.parseInt(digestOf([key, delivery]).slice(0, 8), 16))
  const lines = orderIds(key, delivery).map((id) => {
    const distance = 10 + random() * 500
    return `${id},${distance.toFixed(1)},${((12 + 0.08 * distance) * (0.9 + 0.2 * random())).toFixed(2)}`
  })
  return `order_id,distance_km,hours\n${lines.join('\n')}\n`
}

function shuffled<T>(items: readonly T[], random: () => number): readonly T[] {
  return items
    .map((item) => ({ item, order: random() }))
    .toSorted((a, b) => a.order - b.order)
    .map(({ item }) => item)
}
