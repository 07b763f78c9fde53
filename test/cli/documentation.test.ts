import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { exitCodes } from '../../src/cli/exit-codes.js'
import { createProgram } from '../../src/cli/program.js'

const page = readFileSync(new URL('../../../docs/cli.md', import.meta.url), 'utf8')

test('docs/cli.md names every command as it is written, and no other', () => {
  const commands = createProgram('0').commands.map((command) => {
    const operands = command.registeredArguments.map((argument) => {
      const name = `${argument.name()}${argument.variadic ? '...' : ''}`
      return argument.required ? ` <${name}>` : ` [${name}]`
    })
    return `refit ${command.name()}${operands.join('')}`
  })
  const documented = [...page.matchAll(/^### `(.+)`$/gm)].map((match) => match[1] ?? '')
  assert.deepEqual(documented.toSorted(), commands.toSorted())
})

test('docs/cli.md names every option of every command', () => {
  const program = createProgram('0')
  for (const command of program.commands) {
    const section = page.split(/^### /m).find((text) => text.startsWith(`\`refit ${command.name()}`)) ?? ''
    for (const option of command.options) assert.ok(section.includes(option.long ?? '?'), `${command.name()} ${option.long ?? ''}`)
  }
  for (const option of program.options) assert.ok(page.includes(option.long ?? '?'), option.long)
})

test('docs/cli.md names every exit code', () => {
  for (const code of Object.values(exitCodes)) assert.match(page, new RegExp(`^\\| ${code} \\|`, 'm'))
})
