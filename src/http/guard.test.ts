import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RefitError } from '../errors.js'
import { checkHostAndOrigin, type Guard } from './guard.js'

const loopback: Guard = { bind: '127.0.0.1', hosts: ['refit.test'], origins: ['https://shop.example.com'] }
const network: Guard = { bind: '0.0.0.0', hosts: [], origins: [] }

function answer(guard: Guard, host: string | undefined, origin?: string): string {
  try {
    checkHostAndOrigin(guard, { host, origin })
    return 'ok'
  } catch (error) {
    assert.ok(error instanceof RefitError)
    return error.code
  }
}

test('this machine is meant by its loopback names and by those that are listed', () => {
  for (const host of ['localhost:7700', '127.0.0.1:7700', '127.0.0.1', '[::1]:7700', 'LOCALHOST', 'refit.test', 'refit.test:80', 'localhost.']) {
    assert.equal(answer(loopback, host), 'ok', host)
  }
})

test('a name that a stranger points here is refused', () => {
  for (const host of [undefined, '', 'evil.example', 'localhost.evil.example', '127.0.0.1.evil.example', 'evil.example:7700', 'user@localhost', 'localhost/evil', '10.0.0.5', '127.0.0.1:7700:1', '[::1', 'a b']) {
    assert.equal(answer(loopback, host), 'host-not-allowed', host)
  }
})

test('bound to the network, bare addresses are answered, names only when they are listed', () => {
  assert.equal(answer(network, '192.168.1.7:7700'), 'ok')
  assert.equal(answer(network, '[2001:db8::1]:7700'), 'ok')
  assert.equal(answer(network, 'refit.internal'), 'host-not-allowed')
})

test('pages of our own and listed origins may ask, others may not', () => {
  assert.equal(answer(loopback, 'localhost:7700', 'http://localhost:7700'), 'ok')
  assert.equal(answer(loopback, 'localhost:7700', 'https://shop.example.com'), 'ok')
  for (const origin of ['null', 'http://evil.example', 'http://localhost:3000', 'http://localhost', 'https://shop.example.com.evil.example', 'file://']) {
    assert.equal(answer(loopback, 'localhost:7700', origin), 'origin-not-allowed', origin)
  }
})
