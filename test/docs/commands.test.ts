import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { test } from 'node:test'
import type { Command } from 'commander'
import { createProgram } from '../../src/cli/program.js'
import { codeBlocksOf, root, withoutCode } from './pages.js'

const skippedFolders = new Set(['node_modules', 'dist'])

/** Every Markdown file of the project, relative to its root. */
function markdownFiles(folder = root): readonly string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (entry.name.startsWith('.') || skippedFolders.has(entry.name)) return []
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return markdownFiles(path)
    return entry.name.endsWith('.md') ? [relative(root, path)] : []
  })
}

const pages = markdownFiles().map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }))

/** The program with all its commands and options, none of which does anything. */
function parsingProgram(): Command {
  const program = createProgram('0')
  const below = (command: Command): readonly Command[] => command.commands.flatMap((each) => [each, ...below(each)])
  for (const command of [program, ...below(program)]) command.exitOverride().configureOutput({ writeErr: () => undefined, writeOut: () => undefined })
  for (const command of below(program)) command.action(() => undefined)
  return program
}

/** The words of a shell line, quotes and comment taken off; operands in angle brackets become 1. */
function wordsOf(line: string): readonly string[] {
  const words = line.matchAll(/'([^']*)'|"([^"]*)"|<[^>\s]+>|(#.*$)|[^\s'"]+/g)
  return [...words].flatMap((match) => (match[3] !== undefined ? [] : [match[1] ?? match[2] ?? (match[0].startsWith('<') ? '1' : match[0])]))
}

/** The commands of a line that are put together by `&&`. */
function commandsOf(words: readonly string[]): readonly (readonly string[])[] {
  const end = words.indexOf('&&')
  return end === -1 ? [words] : [words.slice(0, end), ...commandsOf(words.slice(end + 1))]
}

/** Each command of the shell blocks, with lines that go on put together. */
function shellCommands(): readonly { readonly where: string; readonly words: readonly string[] }[] {
  return pages.flatMap(({ path, text }) =>
    codeBlocksOf(path, text)
      .filter(({ language }) => ['sh', 'bash', 'shell'].includes(language))
      .flatMap(({ line, code }) => {
        const lines = code.replaceAll('\\\n', ' ').split('\n')
        return lines.filter((each) => each.trim() !== '').flatMap((each) => commandsOf(wordsOf(each)).map((words) => ({ where: `${path}:${line} ${each}`, words })))
      }),
  )
}

/** Pages that ask the endpoint. */
const pagesAsked = ['docs/serving.md', 'examples/house-prices-xgboost/README.md']

/** Variables that are set for one command only. */
function withoutVariables(words: readonly string[]): readonly string[] {
  return words.slice(words.findIndex((word) => !/^[A-Z_]+=/.test(word)))
}

/** Whether a file is there, from the folder of the page that names it. */
function isThere(where: string, file: string): boolean {
  return existsSync(join(root, dirname(where.slice(0, where.indexOf(':'))), file))
}

async function requireParses(words: readonly string[], where: string): Promise<void> {
  await assert.doesNotReject(parsingProgram().parseAsync(['node', 'refit', ...words]), where)
}

test('every command of the shell blocks is one that there is', async () => {
  const scripts: unknown = Reflect.get(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')), 'scripts')
  const isScript = (name: string): boolean => typeof scripts === 'object' && scripts !== null && Object.hasOwn(scripts, name)
  const commands = shellCommands()
  assert.ok(commands.length > 5)
  for (const { where, words: written } of commands) {
    const words = withoutVariables(written)
    const [first = '', second = '', third = ''] = words
    if (first === 'refit') await requireParses(words.slice(1), where)
    else if (first === 'npx' && second === 'refit') await requireParses(words.slice(2), where)
    else if (first === 'npm') assert.ok(second === 'link' || isScript(second === 'run' ? third : second), where)
    else if (first === 'mkdir' || first === 'cd') assert.ok(second !== '', where)
    // What it asks is run by a test of the page.
    else if (first === 'curl') assert.ok(pagesAsked.some((page) => where.startsWith(`${page}:`)), where)
    else if (/^python3[.\d]*$/.test(first)) assert.ok(second === '-m' ? third === 'venv' : isThere(where, second), where)
    else if (first.endsWith('/pip')) assert.ok(second === 'install' && (third !== '-r' || isThere(where, words[3] ?? '')), where)
    // Of another project: outside of this one, it can only be typed.
    else if (first === 'git') assert.ok(where.startsWith('test/mlflow/upstream/'), where)
    else if (first.startsWith('test/')) assert.ok(existsSync(join(root, first)), where)
    else assert.fail(`nothing here knows how to check: ${where}`)
  }
})

test('every `refit` command named in a sentence exists, with its flags', () => {
  const program = createProgram('0')
  const flagsOf = (command: Command): readonly string[] => command.options.flatMap(({ long, short }) => [long ?? '', short ?? ''])
  const common = [...flagsOf(program), '--help', '-h', '--no-color', '--color']
  let found = 0
  for (const { path, text } of pages) {
    // Code within code, as in the tables of errors, is code all the same.
    for (const match of withoutCode(text).matchAll(/`(?:npx )?refit ([^`]+)`/g)) {
      const words = wordsOf(match[1] ?? '')
      const [name = ''] = words
      const where = `${path}: refit ${match[1] ?? ''}`
      if (name.startsWith('-')) {
        assert.ok(common.includes(name), where)
        continue
      }
      const upper = program.commands.find((each) => each.name() === name)
      assert.ok(upper !== undefined, where)
      const command = upper.commands.find((each) => each.name() === words[1]) ?? upper
      for (const flag of words.filter((word) => word.startsWith('--'))) assert.ok([...common, ...flagsOf(command)].includes(flag), `${where}: ${flag}`)
      found += 1
    }
  }
  assert.ok(found > 50)
})

/** What GitHub makes of a heading. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-')
}

test('every relative link leads somewhere', () => {
  let found = 0
  for (const { path, text } of pages) {
    for (const match of withoutCode(text).matchAll(/\]\(([^)\s]+)\)/g)) {
      const [target = '', anchor] = (match[1] ?? '').split('#')
      if (/^[a-z]+:/.test(target)) continue
      const file = target === '' ? join(root, path) : join(root, dirname(path), target)
      assert.ok(existsSync(file), `${path} links to ${match[1] ?? ''}`)
      found += 1
      if (anchor === undefined) continue
      const anchors = [...readFileSync(file, 'utf8').matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => anchorOf(heading))
      assert.ok(anchors.includes(anchor), `${path} links to ${match[1] ?? ''}`)
    }
  }
  assert.ok(found > 10)
})
