import assert from 'node:assert/strict'
import { test } from 'node:test'
import { email } from '../notifications/email/definition.js'
import * as emailDefinition from '../notifications/email/definition.js'
import { program } from '../notifications/program/definition.js'
import * as programDefinition from '../notifications/program/definition.js'
import { webhook } from '../notifications/webhook/definition.js'
import * as webhookDefinition from '../notifications/webhook/definition.js'
import { Value } from 'typebox/value'
import { needsAttention, StoredTarget, WrittenTarget, type NotificationTarget } from './notify.js'
import { resolveNotify } from './resolve-notify.js'

const schemas = { webhook: webhookDefinition.options, email: emailDefinition.options, program: programDefinition.options }

function resolved(...targets: readonly NotificationTarget[]): ReturnType<typeof resolveNotify> {
  const written = targets.map((target) => Value.Parse(WrittenTarget, JSON.parse(JSON.stringify(target))))
  return resolveNotify(written, schemas, ['price', 'rent'])
}

test('a target is told what needs attention, of every model, under the name of its kind', () => {
  const { targets, faults, misplacedSecrets } = resolved(webhook('https://ops.example.com/hook'), webhook('${secret:HOOK}', { name: 'second', on: ['promoted', 'promoted'], models: ['rent'], rejectedInARow: 1 }))
  assert.deepEqual([faults, misplacedSecrets], [[], []])
  assert.deepEqual(targets, [
    { name: 'webhook', kind: 'webhook', options: { url: 'https://ops.example.com/hook', headers: {} }, on: [...needsAttention], rejectedInARow: 3 },
    { name: 'second', kind: 'webhook', options: { url: '${secret:HOOK}', headers: {} }, on: ['promoted'], models: ['rent'], rejectedInARow: 1 },
  ])
  assert.ok(targets.every((target) => Value.Check(StoredTarget, target)))
  assert.ok(!needsAttention.includes('promoted') && needsAttention.includes('failed'))
})

test('what is wrong with a target is told at its place', () => {
  const { faults } = resolved(
    webhook('ftp://ops.example.com'),
    webhook('https://ops.example.com', { models: ['pryce'] }),
    email({ smtp: 'smtp://localhost', from: 'nobody', to: 'owner@example.com' }),
    { kind: 'pigeon', name: 'Coop', options: {} },
    { kind: 'program', options: { command: ['./page.sh'], environment: {}, time: '1 minit', memory: 500 } },
  )
  assert.deepEqual(
    faults.map(({ path }) => path),
    ['notify[0].url', 'notify[1]', 'notify[1].models', 'notify[2].from', 'notify[3]', 'notify[3].name', 'notify[4].time'],
  )
  assert.deepEqual(faults.map(({ message }) => message).slice(0, 3), [
    '"ftp://ops.example.com" is no address of http or https',
    "there is a target named webhook before it; give them names, e.g. { name: 'on-call' }",
    'there is no model "pryce"; there are: price, rent',
  ])
})

test('a secret stands only where it is looked up when it is used', () => {
  const { misplacedSecrets } = resolved(
    webhook('${secret:URL}', { secret: '${secret:KEY}', headers: { Authorization: 'Bearer ${secret:TOKEN}' } }),
    email({ smtp: '${secret:SMTP}', from: '${secret:FROM}@example.com', to: 'owner@example.com' }),
    program(['./page.sh', '${secret:ARGUMENT}'], { environment: { KEY: '${secret:KEY}' } }),
  )
  assert.deepEqual(misplacedSecrets, ['notify[1].options.from', 'notify[2].options.command[1]'])
})
