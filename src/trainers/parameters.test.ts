import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parameterArguments } from './parameters.js'

test('parameters become arguments as SageMaker hands them over', () => {
  const parameters = { 'n-estimators': 80, e: 0.5, name: 'a b', shuffle: true, quiet: false, empty: '', none: null, layers: [8, 4], text: '7' }
  const expected = ['--n-estimators', '80', '-e', '0.5', '--name', 'a b', '--shuffle', 'True', '--quiet', 'False', '--empty', '--none', '--layers', '[8,4]', '--text', '7']
  assert.deepEqual(parameterArguments(parameters), expected)
  assert.deepEqual(parameterArguments({}), [])
})
