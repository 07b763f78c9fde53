// Runs the tests: `unit` (seconds: the files beside their subject), a folder of test/, or everything.
import { spawn } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { dirname, join, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const dist = join(root, 'dist')

function testFiles(folder) {
  if (!existsSync(folder)) return []
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.test.js'))
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted()
}

const wanted = process.argv.slice(2)
const files =
  wanted.length === 0
    ? [...testFiles(join(dist, 'src')), ...testFiles(join(dist, 'test'))]
    : wanted[0] === 'unit'
      ? [...testFiles(join(dist, 'src')), join(dist, 'test', 'layers.test.js')]
      : [...testFiles(join(dist, 'src')), ...testFiles(join(dist, 'test'))].filter((file) => wanted.some((part) => file.includes(part.replaceAll('/', sep))))
if (files.length === 0) {
  console.error(`No test file matches ${wanted.join(' ')}.`)
  process.exit(1)
}
const child = spawn(
  process.execPath,
  ['--enable-source-maps', '--test', '--test-concurrency=2', '--test-reporter=spec', '--test-reporter-destination=stdout', ...files],
  { cwd: root, stdio: 'inherit' },
)
child.on('exit', (code, signal) => {
  process.exitCode = signal === null ? (code ?? 1) : 1
})
