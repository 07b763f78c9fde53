import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Type } from 'typebox'
import { structuralFaults } from './structural-faults.js'

const Policy = Type.Union([Type.Literal('skip'), Type.Literal('once')])
const schema = Type.Object({
  task: Type.Union([Type.Literal('regression'), Type.Literal('classification')]),
  trigger: Type.Union([
    Type.Object({ kind: Type.Literal('arrival') }, { additionalProperties: false }),
    Type.Object({ kind: Type.Literal('schedule'), cron: Type.String(), policy: Policy }, { additionalProperties: false }),
  ]),
})
const faultsOf = (value: unknown): Readonly<Record<string, string>> =>
  Object.fromEntries(structuralFaults(schema, value, 'model').map(({ path, message }) => [path, message]))

test('a value outside a list is told what the list has', () => {
  assert.deepEqual(faultsOf({ task: 'regresion', trigger: { kind: 'arrival' } }), { 'model.task': 'is none of: "regression", "classification"' })
  assert.deepEqual(faultsOf({ task: 'regression', trigger: { kind: 'shedule' } })['model.trigger.kind'], 'is none of: "arrival", "schedule"')
})

test('the faults of an alternative are those of the kind that was written', () => {
  assert.deepEqual(faultsOf({ task: 'regression', trigger: { kind: 'schedule', cron: 5, policy: 'never' } }), {
    'model.trigger.cron': 'must be string',
    'model.trigger.policy': 'is none of: "skip", "once"',
  })
  assert.deepEqual(faultsOf({ task: 'regression', trigger: { kind: 'arrival', cron: '0 6 * * 1' } }), { 'model.trigger.cron': 'is not known here' })
})
