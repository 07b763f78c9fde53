import { xoshiro128 } from '../../src/evaluation/random.js'
import type { Signature } from '../../src/packages/manifest.js'

/** A version as the source of a module, and what it says that it takes. */
export interface MadeVersion {
  readonly source: string
  readonly signature: Signature
}

/** How a version is bad, although it loads (but one) and warms up. */
export interface BadKind {
  /** What a version of this kind does, to be read after "a version that". */
  readonly what: string
  /** What its rollout says when it is rolled back for that and nothing else. */
  readonly reason: RegExp
  /** By random whole numbers. */
  readonly make: (below: (end: number) => number, takes: Signature) => MadeVersion
}

/** Of the two steps of their rollouts, which last so long, and need so many requests of each side. */
export const STEP_SECONDS = 8
export const FEWEST_REQUESTS = 100
export const SHARES: readonly [number, number] = [0.3, 0.6]
/** That a version may grow by. Steps of seconds have few requests, and who leaks much at each of them is found for being slow. */
export const MOST_MEGABYTES = 16

/** What callers send, and what they are answered. */
export const callersSignature: Signature = {
  task: 'regression',
  inputs: [
    { name: 'rooms', type: 'number', optional: false },
    { name: 'district', type: 'category', optional: true },
  ],
  target: 'price',
  classes: [],
}

/** The price of rooms, for good. */
export function priceOf(rooms: number): number {
  return rooms * 100 + (rooms % 3)
}
const goodAnswer = 'rows.map(({ rooms }) => rooms * 100 + (rooms % 3))'
/** What callers may ask for; the row that a version warms up with has no rooms. */
export const MOST_ROOMS = 9

/** What a module with this `predict(rows)` looks like. */
function answering(predict: string, before = ''): string {
  return `${before}\nexport const load = () => ({ predict: (rows) => { ${predict} } })\n`
}

export const goodVersion = (takes: Signature): MadeVersion => ({ source: answering(`return ${goodAnswer}`), signature: takes })
/** As good, and not the same: at its first answer it loads what it then has. */
export const otherGoodVersion = (takes: Signature): MadeVersion => ({
  source: answering(`if (rows[0].rooms > 0) table ??= Buffer.alloc(${4 * MOST_MEGABYTES * 1_000_000}, 1); return ${goodAnswer}.map((price) => price + 0.01)`, 'let table'),
  signature: takes,
})

const loading: readonly string[] = [
  `throw new Error('not on this machine')\n${answering(`return ${goodAnswer}`)}`,
  answering(`return ${goodAnswer}`, 'process.exit(3)'),
  'export const load = async () => { throw new Error("its table is missing") }\n',
]

/** By the name of a model that gets versions of the kind. */
export const badKinds: Readonly<Record<string, BadKind>> = {
  throws: {
    what: 'throws',
    reason: /requests fail/,
    make: (below, takes) => ({ source: answering(`if (rows.some(({ rooms }) => rooms > ${3 + below(4)})) throw new Error('no such district'); return ${goodAnswer}`), signature: takes }),
  },
  'no-number': {
    what: 'answers what is no number',
    reason: /requests fail/,
    make: (below, takes) => ({ source: answering(`return rows.map(({ rooms }) => (rooms > ${3 + below(4)} ? Number.NaN : rooms * 100))`), signature: takes }),
  },
  slow: {
    what: 'is slow',
    reason: /take longer than/,
    make: (below, takes) => ({ source: answering(`return new Promise((resolve) => setTimeout(() => resolve(${goodAnswer}), rows[0].rooms > 0 ? ${100 + below(100)} : 0))`), signature: takes }),
  },
  leaks: {
    what: 'keeps memory of every request',
    reason: /memory has grown steadily/,
    make: (below, takes) => ({ source: answering(`kept.push(Buffer.alloc(${400_000 + below(200_000)}, 1)); return ${goodAnswer}`, 'const kept = []'), signature: takes }),
  },
  shifted: {
    what: 'is shifted',
    reason: /standard deviations away/,
    make: (below, takes) => {
      const by = 500 + below(500)
      return { source: answering(`return rows.map(({ rooms }) => rooms * 100 ${below(2) === 0 ? '+' : '-'} ${by})`), signature: takes }
    },
  },
  constant: {
    what: 'always answers the same',
    reason: /predictions spread by 0,/,
    make: (below, takes) => ({ source: answering(`return rows.map(() => ${100 * (1 + below(MOST_ROOMS))})`), signature: takes }),
  },
  'other-inputs': {
    what: 'takes other inputs than callers send',
    reason: /are refused/,
    make: (below, takes) => ({
      source: answering(`return ${goodAnswer}`),
      signature: { ...takes, inputs: [...takes.inputs, { name: ['floors', 'garden_area', 'year_built'][below(3)] ?? 'floors', type: 'number', optional: false }] },
    }),
  },
  'dies-at-load': {
    what: 'dies when it is loaded',
    reason: /cannot be loaded/,
    make: (below, takes) => ({ source: loading[below(loading.length)] ?? '', signature: takes }),
  },
}

/** The version of a kind that follows from a seed; each seed gives a package of its own. */
export function madeOf(kind: BadKind, seed: number, takes = callersSignature): MadeVersion {
  const draw = xoshiro128(seed)
  const { source, signature } = kind.make((end) => draw() % end, takes)
  return { source: `// ${seed}\n${source}`, signature }
}

/** Rows of callers, one after another, as a seed draws them. */
export function callersRows(seed: number): () => { readonly rooms: number; readonly district: string } {
  const draw = xoshiro128(seed)
  return () => ({ rooms: 1 + (draw() % MOST_ROOMS), district: 'north' })
}
