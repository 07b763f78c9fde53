import { Type, type Static } from 'typebox'
import { OtherColumns, PlausibilityLevel, type StoredColumn, type StoredContract } from './stored-definition.js'

/** What a drop as a whole must keep, as it leaves the project file. */
export const WrittenContract = Type.Object(
  {
    rows: Type.Optional(
      Type.Object({ min: Type.Optional(Type.Integer({ minimum: 0 })), max: Type.Optional(Type.Integer({ minimum: 1 })) }, { additionalProperties: false }),
    ),
    freshness: Type.Optional(Type.String()),
    plausibility: Type.Optional(
      Type.Union([
        PlausibilityLevel,
        Type.Object(
          { level: Type.Optional(PlausibilityLevel), columns: Type.Optional(Type.Record(Type.String(), PlausibilityLevel)) },
          { additionalProperties: false },
        ),
      ]),
    ),
    otherColumns: Type.Optional(OtherColumns),
  },
  { additionalProperties: false },
)
export type WrittenContract = Static<typeof WrittenContract>

type Report = (where: string, message: string) => void

/** The contract of a drop as a whole with its defaults. */
export function resolveContract(
  { rows = {}, freshness, plausibility = {}, otherColumns = 'refuse' }: WrittenContract,
  columns: Readonly<Record<string, StoredColumn>>,
  duration: (text: string, where: string) => number,
  fault: Report,
): StoredContract {
  if (rows.min !== undefined && rows.max !== undefined && rows.min > rows.max) fault('contract.rows.min', `${rows.min} is above max ${rows.max}`)
  if (freshness !== undefined && !Object.values(columns).some(({ role }) => role === 'time')) fault('contract.freshness', 'it needs a time column')
  const { level = 'standard', columns: levels = {} } = typeof plausibility === 'string' ? { level: plausibility } : plausibility
  for (const column of Object.keys(levels)) {
    const { role } = columns[column] ?? {}
    if (role === 'ignored' || (role === undefined && otherColumns !== 'infer')) fault(`contract.plausibility.columns.${column}`, role === undefined ? 'there is no such column' : 'an ignored column is not compared')
  }
  return {
    rows,
    ...(freshness === undefined ? {} : { freshnessMilliseconds: duration(freshness, 'contract.freshness') }),
    plausibility: { level, columns: levels },
    ...(otherColumns === 'refuse' ? {} : { otherColumns }),
  }
}
