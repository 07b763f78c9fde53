import assert from 'node:assert/strict'
import { test } from 'node:test'
import { column } from './column.js'
import { defineModel } from './model.js'
import type { Prepared, PreparedColumns, Row } from './prepared-row.js'

const columns = {
  id: column.group(),
  at: column.time(),
  price: column.target(),
  note: column.ignored(),
  rooms: column.number({ min: 1 }),
  area: column.number({ optional: true }),
  district: column.category({ values: ['north', 'south'] }),
  street: column.category({ optional: true }),
  garden: column.boolean(),
  lift: column.boolean({ optional: true }),
}
const prepared = { area: column.number(), garden: column.ignored(), large: column.boolean({ optional: true }) }

type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : false) : false
interface ExpectedRow {
  readonly rooms: number
  readonly area: number | null
  readonly district: string
  readonly street: string | null
  readonly garden: boolean
  readonly lift: boolean | null
}
const rowIsTyped: Same<Row<typeof columns>, ExpectedRow> = true
const preparedIsTyped: Same<Prepared<typeof prepared>, { readonly area: number; readonly large: boolean | null }> = true

test('a prepare module is typed from the columns: what it gets, and what it must return', () => {
  assert.ok(rowIsTyped && preparedIsTyped)
  const right = ({ area, rooms }: Row<typeof columns>): Prepared<typeof prepared> => ({ area: area ?? 20 * rooms, large: null })
  assert.deepEqual(right({ rooms: 2, area: null, district: 'north', street: null, garden: true, lift: null }), { area: 40, large: null })
  // @ts-expect-error the target is none of its inputs
  const leaking: keyof Row<typeof columns> = 'price'
  // @ts-expect-error an optional value may be missing
  const hasty = (row: Row<typeof columns>): Prepared<typeof prepared> => ({ area: row.area, large: null })
  // @ts-expect-error an output is missing
  const forgetful = (): Prepared<typeof prepared> => ({ large: true })
  // @ts-expect-error a column that the model does not have
  const generous = (): Prepared<typeof prepared> => ({ area: 1, large: true, rooms: 3 })
  // @ts-expect-error the row that it is given is not to be changed
  const careless = (row: Row<typeof columns>): void => void (row.rooms = 3)
  assert.equal([leaking, hasty, forgetful, generous, careless].length, 5)
})

test('columns that a module gives are features, or are taken out, and are none of the others', () => {
  const given = { task: 'regression', columns, source: { kind: 'upload', options: {} }, train: { kind: 'module', options: {} }, prepare: './prepare.ts' } as const
  assert.deepEqual(defineModel({ ...given, prepared }).prepared, prepared)
  // @ts-expect-error the target cannot be prepared
  defineModel({ ...given, prepared: { price: column.number() } })
  // @ts-expect-error nor the group
  defineModel({ ...given, prepared: { id: column.category() } })
  // @ts-expect-error no second target
  defineModel({ ...given, prepared: { value: column.target() } })
  // @ts-expect-error a typing error in an option
  const misspelt: PreparedColumns<typeof columns> = { large: column.boolean({ optinal: true }) }
  assert.ok(misspelt)
})
