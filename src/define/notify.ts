import { Type, type Static } from 'typebox'

/** What is told, in the words of docs/notifications.md. */
export const NotificationKind = Type.Union([
  Type.Literal('failed'),
  Type.Literal('rejected-in-a-row'),
  Type.Literal('quarantined'),
  Type.Literal('awaiting-approval'),
  Type.Literal('promoted'),
  Type.Literal('rolled-back'),
  Type.Literal('below-standard'),
  Type.Literal('meets-standard'),
  Type.Literal('drop-overdue'),
  Type.Literal('schedule-missed'),
  Type.Literal('source-failed'),
])
export type NotificationKind = Static<typeof NotificationKind>

/** What goes as it should is told only to those who ask for it. */
const GOOD_NEWS: readonly NotificationKind[] = ['promoted', 'meets-standard']

/** What a target is told that does not say `on`. */
export const needsAttention: readonly NotificationKind[] = NotificationKind.anyOf.map((literal) => literal.const).filter((kind) => !GOOD_NEWS.includes(kind))

/** What every target can say besides its own options. */
export interface TargetOptions {
  /** How it is called, where a project has several of its kind; default: its kind. */
  readonly name?: string
  /** What it is told; default: all but `promoted` and `meets-standard`. */
  readonly on?: readonly NotificationKind[]
  /** Of which models; default: all. */
  readonly models?: readonly string[]
  /** After how many candidates rejected in a row `rejected-in-a-row` is told, and again after as many more; default 3. */
  readonly rejectedInARow?: number
}

type Options = Readonly<Record<string, unknown>>
const Options = Type.Record(Type.String(), Type.Unknown())

/** Who is told, as it stands in the project file. */
export interface NotificationTarget extends TargetOptions {
  readonly kind: string
  readonly options: Options
}

/** Takes what every target can say out of the options of one. */
export function targetOf(kind: string, { name, on, models, rejectedInARow }: TargetOptions, options: Options): NotificationTarget {
  return {
    kind,
    ...(name === undefined ? {} : { name }),
    ...(on === undefined ? {} : { on }),
    ...(models === undefined ? {} : { models }),
    ...(rejectedInARow === undefined ? {} : { rejectedInARow }),
    options,
  }
}

/** A target as it leaves the project file. */
export const WrittenTarget = Type.Object(
  {
    kind: Type.String(),
    name: Type.Optional(Type.String()),
    on: Type.Optional(Type.Array(NotificationKind, { minItems: 1 })),
    models: Type.Optional(Type.Array(Type.String(), { minItems: 1 })),
    rejectedInARow: Type.Optional(Type.Integer({ minimum: 1 })),
    options: Options,
  },
  { additionalProperties: false },
)
export type WrittenTarget = Static<typeof WrittenTarget>

/** Who is told, with every default filled in. */
export const StoredTarget = Type.Object({
  name: Type.String(),
  kind: Type.String(),
  options: Options,
  on: Type.Array(NotificationKind),
  /** Absent: all. */
  models: Type.Optional(Type.Array(Type.String())),
  rejectedInARow: Type.Integer({ minimum: 1 }),
})
export type StoredTarget = Static<typeof StoredTarget>
