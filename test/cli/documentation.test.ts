import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import type { Command } from 'commander'
import { exitCodes } from '../../src/cli/exit-codes.js'
import { createProgram } from '../../src/cli/program.js'
import { readPage, tablesOf } from '../docs/pages.js'

const page = readFileSync(new URL('../../../docs/cli.md', import.meta.url), 'utf8')

/** Commands and those below them. */
function everyCommand(program: Command = createProgram('0')): readonly Command[] {
  return program.commands.flatMap((command) => [command, ...everyCommand(command)])
}

/** E.g. `drops withdraw`. */
function pathOf(command: Command): string {
  const { parent } = command
  return parent === null || parent.parent === null ? command.name() : `${pathOf(parent)} ${command.name()}`
}

test('docs/cli.md names every command as it is written, and no other', () => {
  const commands = everyCommand().map((command) => {
    const operands = command.registeredArguments.map((argument) => {
      const name = `${argument.name()}${argument.variadic ? '...' : ''}`
      return argument.required ? ` <${name}>` : ` [${name}]`
    })
    return `refit ${pathOf(command)}${operands.join('')}`
  })
  const documented = [...page.matchAll(/^### `(.+)`$/gm)].map((match) => match[1] ?? '')
  assert.deepEqual(documented.toSorted(), commands.toSorted())
})

test('docs/cli.md names every option of every command', () => {
  const program = createProgram('0')
  for (const command of everyCommand(program)) {
    const section = page.split(/^### /m).find((text) => new RegExp(`^\`refit ${pathOf(command)}( [<[]|\`)`).test(text)) ?? ''
    for (const option of command.options) assert.ok(section.includes(option.long ?? '?'), `${command.name()} ${option.long ?? ''}`)
  }
  for (const option of program.options) assert.ok(page.includes(option.long ?? '?'), option.long)
})

test('docs/mlflow.md sets every option of `refit mlflow` beside what it is of `mlflow server`, and no other', () => {
  const [table] = tablesOf(readPage('docs/mlflow.md')).filter(({ columns }) => columns.includes('of `refit mlflow`'))
  const named = (table?.rows ?? []).flatMap(([, ours = '']) => [...ours.matchAll(/`(--[a-z-]+)`/g)].map((match) => match[1]))
  const command = everyCommand().find((each) => pathOf(each) === 'mlflow')
  assert.deepEqual(new Set(named), new Set(command?.options.map(({ long }) => long)))
})

test('docs/cli.md names every exit code', () => {
  for (const code of Object.values(exitCodes)) assert.match(page, new RegExp(`^\\| ${code} \\|`, 'm'))
})
