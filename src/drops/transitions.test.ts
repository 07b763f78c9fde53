import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DropState } from '../database/schema.js'
import { consequenceOf, transitions, type DecisionKind } from './transitions.js'

const states: readonly DropState[] = ['recorded', 'ingested', 'quarantined', 'discarded', 'superseded', 'withdrawn']
const kinds: readonly DecisionKind[] = ['release', 'discard', 'withdraw', 'restore']

test('each decision moves from its states, stands where it leads, and is refused everywhere else', () => {
  const seen = Object.fromEntries(kinds.map((kind) => [kind, Object.fromEntries(states.map((state) => [state, consequenceOf(kind, { state, released: false })]))]))
  assert.deepEqual(seen, {
    release: { recorded: 'refused', ingested: 'refused', quarantined: 'moves', discarded: 'refused', superseded: 'refused', withdrawn: 'refused' },
    discard: { recorded: 'moves', ingested: 'refused', quarantined: 'moves', discarded: 'stands', superseded: 'refused', withdrawn: 'refused' },
    withdraw: { recorded: 'moves', ingested: 'moves', quarantined: 'refused', discarded: 'refused', superseded: 'moves', withdrawn: 'stands' },
    restore: { recorded: 'stands', ingested: 'refused', quarantined: 'moves', discarded: 'moves', superseded: 'refused', withdrawn: 'moves' },
  })
})

test('a release that has been carried out stands, also once the drop is ingested; one in quarantine again can be released again', () => {
  assert.equal(consequenceOf('release', { state: 'recorded', released: true }), 'stands')
  assert.equal(consequenceOf('release', { state: 'ingested', released: true }), 'stands')
  assert.equal(consequenceOf('release', { state: 'quarantined', released: true }), 'moves')
})

test('no state is a dead end: from each a person can bring a drop into the history or out of it', () => {
  for (const state of states) {
    assert.ok(kinds.some((kind) => transitions[kind].from.includes(state)), state)
    const out = new Set<DropState>([state])
    for (let round = 0; round < states.length; round += 1) for (const kind of kinds) if (transitions[kind].from.some((from) => out.has(from))) out.add(transitions[kind].to)
    assert.ok(out.has('withdrawn'), state)
  }
})
